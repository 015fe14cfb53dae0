//! Places of arbitrary byte ranges in arbitrary text, rendered: never a panic, never a place outside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketry::diagnostic::{Diagnostic, Diagnostics, Lang, Place, Source, did_you_mean, text};

fuzz_target!(|input: (&str, u16, u16)| {
    let (content, start, end) = input;
    let place = Place::of_bytes("rules/x.rhai", content, start.into(), end.into());
    assert!(place.line as usize <= content.matches('\n').count() + 1);
    assert!(place.column as usize <= content.chars().count() + 1);
    let source = Source::new().with("rules/x.rhai", content);
    let mut all = Diagnostics::default();
    let help = did_you_mean(content, ["priority", "优先级", ""]);
    all.push(Diagnostic::error("fuzz", text(content, content)).at(place.inside(start.into(), end.into(), 1)));
    all.push(Diagnostic::warning("fuzz", text(content, content)).at(place).maybe_help(help));
    all.sort();
    for lang in [Lang::En, Lang::Zh] {
        let _ = all.render(lang, Some(&source));
        let _ = all.render(lang, None);
    }
});
