//! Arbitrary bytes as records: decoding never panics; what decodes is written again to a record that reads the same;
//! evolve accepts any entry on any ticket.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketry::ticket::{
    Effect, Entry, Ticket,
    wire::v1::{self, Header, Record},
};

/// The value, after a round trip; compared as bytes, since records need not be canonical but what we write is.
fn read<T: Record>(bytes: &[u8]) -> Option<T> {
    let value: T = v1::decode(bytes).ok()?;
    let first = v1::encode(&value).expect("what was read can be written");
    let again: T = v1::decode(&first).expect("what was written can be read");
    assert_eq!(first, v1::encode(&again).expect("and written"));
    Some(value)
}

fuzz_target!(|input: (&[u8], &[u8])| {
    // Without the version byte nothing gets far; put it there and let the fuzzer spend its bytes on the body.
    let [a, b] = [input.0, input.1].map(|body| [&[v1::VERSION], body].concat());
    let _ = v1::decode::<Ticket>(input.0);
    let ticket: Option<Ticket> = read(&a);
    let entry: Option<Entry> = read(&b);
    let _: Option<Header> = read(&a);
    let _: Option<Effect> = read(&a);
    if let (Some(mut ticket), Some(entry)) = (ticket, &entry) {
        ticket.apply(entry);
        let _ = Header::of(&ticket);
        let _ = v1::encode(&ticket).expect("any ticket can be written");
    }
    if let Some(entry) = entry {
        let _ = Ticket::fold([&entry, &entry]);
    }
});
