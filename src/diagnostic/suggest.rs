//! "Did you mean".

use super::{Text, text};

/// The candidate most like `wrong`, as a help text, if one is near enough to be a slip of the keyboard.
///
/// Nearness is the Damerau-Levenshtein distance (crate `strsim`), at most a third of the longer text's length and never less than one.
///
/// ```
/// use ticketry::diagnostic::did_you_mean;
/// assert_eq!(did_you_mean("impakt", ["impact", "urgency"]).unwrap().en, "did you mean `impact`?");
/// assert!(did_you_mean("colour", ["impact", "urgency"]).is_none());
/// ```
pub fn did_you_mean<I, S>(wrong: &str, candidates: I) -> Option<Text>
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    nearest(wrong, candidates).map(|c| text(format!("did you mean `{c}`?"), format!("是不是 `{c}`？")))
}

/// The candidate most like `wrong`, near as [`did_you_mean`] wants it.
pub(crate) fn nearest<I, S>(wrong: &str, candidates: I) -> Option<String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    if wrong.len() > 256 {
        return None;
    }
    let mut best: Option<(usize, String)> = None;
    for c in candidates {
        let c = c.as_ref();
        if c.len() > 256 {
            continue;
        }
        let far = strsim::damerau_levenshtein(&wrong.to_lowercase(), &c.to_lowercase());
        let allowed = wrong.chars().count().max(c.chars().count()).checked_div(3).unwrap_or(1).max(1);
        if far <= allowed && best.as_ref().is_none_or(|(d, _)| far < *d) {
            best = Some((far, c.to_string()));
        }
    }
    best.map(|(_, c)| c)
}
