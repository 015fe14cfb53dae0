//! What authors may write, taken from the code itself, for references and for editors.

use super::super::{actions::WORDS, reach::Reach, read::BUILDER, run_engine, values};

/// The words of rule files, from the lists that the loader goes by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vocabulary {
    /// The steps of a rule: `.on`, `.when`, `.then`.
    pub steps: Vec<&'static str>,
    /// What a rule may ask for, with the numbers of arguments it takes.
    pub actions: Vec<(&'static str, &'static [usize])>,
    /// Every function scripts can call, as a `.d.rhai` file.
    pub functions: String,
}

/// The words of rule files.
///
/// ```
/// let words = ticketry::rules::vocabulary();
/// assert!(words.steps.contains(&"when") && words.actions.iter().any(|(w, _)| *w == "route"));
/// assert!(words.functions.starts_with("module static;") && words.functions.contains("fn starts_with("));
/// assert!(words.functions.contains("fn lookup(") && words.functions.contains("fn is_open()"));
/// ```
pub fn vocabulary() -> Vocabulary {
    // Business time and look-ups are there wherever a playbook is; functions of a host's are the host's to describe.
    let [reached, now] = Reach::none().modules(chrono::DateTime::UNIX_EPOCH);
    let sandbox = run_engine(&[values::host(), reached, now], None);
    let all = sandbox.engine().definitions().with_headers(true).static_module();
    let (head, body) = all.split_once("\n\n").unwrap_or((&all, ""));
    fn signature(d: &str) -> &str {
        d.lines().find(|l| !l.trim_start().starts_with("//")).unwrap_or_default()
    }
    // Actions are described apart; what is no name cannot be called by one; scripts have numbers of one size only.
    let callable = |d: &String| {
        let signature = signature(d);
        let name = signature.strip_prefix("fn ").and_then(|s| s.split('(').next()).unwrap_or_default();
        let sizes = ["i8", "i16", "i32", "i128", "u8", "u16", "u32", "u64", "u128", "f32"];
        let sized = signature.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| sizes.contains(&w));
        !name.is_empty() && !name.contains('$') && !sized && !WORDS.iter().any(|(w, _)| *w == name)
    };
    let mut kept: Vec<String> = body.split("\n\n").map(|d| d.trim().replace(" -> ;", ";")).filter(callable).collect();
    kept.sort_by(|a, b| signature(a).cmp(signature(b)));
    kept.dedup();
    Vocabulary {
        steps: BUILDER.to_vec(),
        actions: WORDS.iter().map(|(w, n)| (*w, *n)).collect(),
        functions: format!("{head}\n\n{}\n", kept.join("\n\n")),
    }
}
