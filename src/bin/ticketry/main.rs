//! `ticketry`: what authors of playbooks run. A thin shell round `ticketry::harness`: it reads arguments and files, prints, and says by its exit code how it went.
//!
//! Exit codes: 0 all is well, 1 something is wrong with the playbook (errors, failing tests, a refused step, a difference where none was allowed),
//! 2 the command itself could not be done (arguments, files that cannot be read or written).

mod args;
mod commands;
mod past;
mod show;

use args::{Args, What};
use clap::Parser as _;
use show::{Show, Trouble};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let show = Show::new(args.lang.into());
    let done = match &args.what {
        What::Check(a) => commands::check(&show, a),
        What::Code(a) => commands::code(&show, a),
        What::Test(a) => commands::test(&show, a),
        What::Explain(a) => commands::explain(&show, a),
        What::Graph(a) => commands::graph(&show, a),
        What::Diff(a) => commands::diff(&show, a),
        What::Definitions(a) => commands::definitions(&show, a),
        What::Reference(a) => commands::reference(&show, a),
        What::New(a) => commands::new(&show, a),
        What::Replay(a) => past::replay(&show, a),
        What::Export(a) => past::export(&show, a),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) | Err(Trouble::Shown) => ExitCode::from(1),
        Err(Trouble::Impossible(why)) => {
            show.failure(&why);
            ExitCode::from(2)
        }
    }
}
