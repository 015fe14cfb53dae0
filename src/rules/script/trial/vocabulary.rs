//! What authors may write, taken from the code itself, for references and for editors.

use super::super::{actions::WORDS, read::BUILDER, run_engine, values};

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
/// ```
pub fn vocabulary() -> Vocabulary {
    let sandbox = run_engine(&[values::host()], None);
    let all = sandbox.engine().definitions().with_headers(true).static_module();
    let (head, body) = all.split_once("\n\n").unwrap_or((&all, ""));
    // Actions are described apart; what is no name cannot be called by one.
    let callable = |d: &&str| {
        let signature = d.lines().find(|l| !l.trim_start().starts_with("//")).unwrap_or_default();
        signature.starts_with("fn ") && !signature.contains("_: ticket") && !signature.contains('$')
    };
    let mut kept: Vec<&str> = body.split("\n\n").map(str::trim).filter(callable).collect();
    kept.sort_unstable_by_key(|d| d.lines().find(|l| l.starts_with("fn ")).unwrap_or_default());
    kept.dedup();
    Vocabulary {
        steps: BUILDER.to_vec(),
        actions: WORDS.iter().map(|(w, n)| (*w, *n)).chain([("stop", &[0][..])]).collect(),
        functions: format!("{head}\n\n{}\n", kept.join("\n\n")),
    }
}
