//! Tests in Rhai: `test("name", |desk| { … })`, read from a playbook's files and run in the sandbox against a desk.
//!
//! What it is: [`tests`] finds and checks them (`read`), [`Test::run`] runs one (`run`) with the words of [`TestWord`] (`natives`);
//! the desk itself, its time and its people are behind [`TestHost`].
//! What it never does: know a desk, read a clock or a file. The harness implements the trait with the engine that runs live.
//! Read next: `host.rs`, then `run.rs`; `vocabulary.rs` lists what authors may write.

mod host;
mod natives;
mod read;
mod run;
mod vocabulary;

pub use host::{TestFault, TestHost, TestTicket, TestValue, TestWord};
pub(super) use read::is_test_file;
pub use read::{tests, tests_with};
pub use run::{Test, TestFailure};
pub use vocabulary::{Vocabulary, vocabulary};
