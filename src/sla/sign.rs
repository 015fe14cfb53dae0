//! Signs: what of a ticket's life a metric may be declared by.

use crate::condition::reading::unknown;
use crate::diagnostic::{Diagnostic, Place, Text, did_you_mean, nearest, text};
use crate::id::{FieldName, StateName, TagName, TransitionName};
use crate::ticket::{Attribute, Schema, StateClass, WaitsOn};
use std::{borrow::Cow, fmt};

/// Something that happens to a ticket, or holds of it for a while. The table is in [`crate::sla::Metric`]. More will come; match with a wildcard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sign {
    /// `opened`: the ticket began.
    Opened,
    /// `reopened`: a final ticket came back.
    Reopened,
    /// `owed`: the requester is owed an answer, since the oldest message nobody answered (S39). While the first response of the same agreement runs and is due later, it waits (S40).
    Owed,
    /// `owed_again`: as [`Sign::Owed`], but not at all while the first response of the same agreement is still running.
    OwedAgain,
    /// `spoken`: an agent spoke to the requester: since the last time (S40).
    Spoken,
    /// `answered`: a human agent spoke to the requester, a call included (S38).
    Answered,
    /// `asked`: the requester wrote or called.
    Asked,
    /// `vendor_replied`: a vendor wrote (S84).
    VendorReplied,
    /// `not_owed`: nothing is owed any more though nobody answered: the message was judged automatic or mere thanks (S81).
    NotOwed,
    /// `assigned`: an agent got it.
    Assigned,
    /// `released`: the assignee lost it.
    Released,
    /// `group_entered`: it came to another group, or it opened or reopened in one (S51).
    GroupEntered,
    /// `group_left`: it is no longer in the group it was in when the run started (S51).
    GroupLeft,
    /// `moved`: a transition was taken; no internal one (S4).
    Moved,
    /// `entered:STATE`: it entered the state, at its beginning too; by no internal transition (S4).
    Entered(StateName),
    /// `left:STATE`: it left the state; by no internal transition (S4).
    Left(StateName),
    /// `taken:TRANSITION`: the transition was taken, an internal one too, and each time anew.
    Taken(TransitionName),
    /// `changed:FIELD`: an attribute, a custom field, or one of `priority`, `tags`, `group`, `assignee`, `owner`, `watchers` was set or cleared.
    Changed(FieldName),
    /// `tagged:TAG`: it got the tag.
    Tagged(TagName),
    /// `untagged:TAG`: it lost the tag.
    Untagged(TagName),
    /// `in:STATE`: it is in the state.
    In(StateName),
    /// `class:CLASS`: its state is of the class (S83).
    Class(StateClass),
    /// `waits_on:WHO`: it waits on them (S77).
    WaitsOn(WaitsOn),
    /// `final`: it is in a final class other than cancelled.
    Final,
    /// `cancelled`: it is cancelled (S83).
    Cancelled,
}

static PLAIN: [(&str, Sign); 16] = [
    ("opened", Sign::Opened),
    ("reopened", Sign::Reopened),
    ("owed", Sign::Owed),
    ("owed_again", Sign::OwedAgain),
    ("spoken", Sign::Spoken),
    ("answered", Sign::Answered),
    ("asked", Sign::Asked),
    ("vendor_replied", Sign::VendorReplied),
    ("not_owed", Sign::NotOwed),
    ("assigned", Sign::Assigned),
    ("released", Sign::Released),
    ("group_entered", Sign::GroupEntered),
    ("group_left", Sign::GroupLeft),
    ("moved", Sign::Moved),
    ("final", Sign::Final),
    ("cancelled", Sign::Cancelled),
];
const NAMED: [&str; 9] = [
    "entered:STATE",
    "left:STATE",
    "taken:TRANSITION",
    "changed:FIELD",
    "tagged:TAG",
    "untagged:TAG",
    "in:STATE",
    "class:CLASS",
    "waits_on:WHO",
];
/// What may stand behind `changed:` besides the built-in attributes and the fields of the schema.
const CHANGES: [&str; 6] = ["priority", "tags", "group", "assignee", "owner", "watchers"];

impl Sign {
    /// `entered:STATE`.
    pub fn entered(state: impl Into<StateName>) -> Self {
        Self::Entered(state.into())
    }
    /// `left:STATE`.
    pub fn left(state: impl Into<StateName>) -> Self {
        Self::Left(state.into())
    }
    /// `taken:TRANSITION`.
    pub fn taken(transition: impl Into<TransitionName>) -> Self {
        Self::Taken(transition.into())
    }
    /// `changed:FIELD`.
    pub fn changed(field: impl Into<FieldName>) -> Self {
        Self::Changed(field.into())
    }
    /// `tagged:TAG`.
    pub fn tagged(tag: impl Into<TagName>) -> Self {
        Self::Tagged(tag.into())
    }
    /// `untagged:TAG`.
    pub fn untagged(tag: impl Into<TagName>) -> Self {
        Self::Untagged(tag.into())
    }
    /// `in:STATE`.
    pub fn while_in(state: impl Into<StateName>) -> Self {
        Self::In(state.into())
    }

    /// Whether it holds for a while, instead of happening at an instant.
    pub fn is_level(&self) -> bool {
        matches!(self, Self::In(_) | Self::Class(_) | Self::WaitsOn(_) | Self::Final | Self::Cancelled)
    }
    /// Whether it needs the message a run belongs to, so that only metrics per message know it.
    pub(super) fn is_of_message(&self) -> bool {
        matches!(self, Self::Owed | Self::OwedAgain | Self::Spoken | Self::NotOwed)
    }
    /// Whether a message is what shows it.
    pub(super) fn is_said(&self) -> bool {
        self.is_of_message() || matches!(self, Self::Answered | Self::Asked | Self::VendorReplied)
    }

    /// The word authors write.
    pub fn word(&self) -> Cow<'static, str> {
        Cow::Owned(match self {
            Self::Entered(s) => format!("entered:{s}"),
            Self::Left(s) => format!("left:{s}"),
            Self::Taken(t) => format!("taken:{t}"),
            Self::Changed(f) => format!("changed:{f}"),
            Self::Tagged(t) => format!("tagged:{t}"),
            Self::Untagged(t) => format!("untagged:{t}"),
            Self::In(s) => format!("in:{s}"),
            Self::Class(c) => format!("class:{}", c.word()),
            Self::WaitsOn(w) => format!("waits_on:{}", w.word()),
            plain => return Cow::Borrowed(PLAIN.iter().find(|(_, s)| s == plain).map_or("", |(w, _)| *w)),
        })
    }
    /// Every word, with placeholders where a name follows.
    pub fn words() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(w, _)| *w).chain(NAMED)
    }

    /// The sign of this word.
    ///
    /// # Errors
    /// `unknown-sign`, or a name in it that the schema does not know: `unknown-state`, `unknown-transition`, `unknown-field`, `unknown-word`. A schema
    /// without any state or transition knows no workflow, and lets those pass.
    ///
    /// ```
    /// use ticketry::{diagnostic::Place, sla::Sign, ticket::Schema};
    /// let here = Place::file("example");
    /// assert_eq!(Sign::parse("entered:waiting", &Schema::default(), &here).unwrap(), Sign::entered("waiting"));
    /// let refused = Sign::parse("asigned", &Schema::default(), &here).unwrap_err();
    /// assert_eq!(refused.help.unwrap().en, "did you mean `assigned`?");
    /// ```
    pub fn parse(word: &str, schema: &Schema, place: &Place) -> Result<Self, Diagnostic> {
        if let Some((_, s)) = PLAIN.iter().find(|(w, _)| *w == word) {
            return Ok(s.clone());
        }
        let sign = match word.split_once(':') {
            Some((_, "")) | None => None,
            Some(("entered", n)) => Some(Self::entered(n)),
            Some(("left", n)) => Some(Self::left(n)),
            Some(("in", n)) => Some(Self::while_in(n)),
            Some(("taken", n)) => Some(Self::taken(n)),
            Some(("changed", n)) => Some(Self::changed(n)),
            Some(("tagged", n)) => Some(Self::tagged(n)),
            Some(("untagged", n)) => Some(Self::untagged(n)),
            Some(("class", n)) => Some(Self::Class(StateClass::ALL.into_iter().find(|c| c.word() == n).ok_or_else(|| {
                unknown("unknown-word", ("class of states", "状态类别"), n, StateClass::ALL.iter().map(|c| c.word()), place.clone())
            })?)),
            Some(("waits_on", n)) => Some(Self::WaitsOn(WaitsOn::ALL.into_iter().find(|w| w.word() == n).ok_or_else(|| {
                unknown("unknown-word", ("one to wait on", "等待对象"), n, WaitsOn::ALL.iter().map(|w| w.word()), place.clone())
            })?)),
            Some(_) => None,
        };
        let Some(sign) = sign else {
            return Err(Diagnostic::error(
                "unknown-sign",
                text(format!("metrics know no sign `{word}`"), format!("指标没有信号 `{word}`")),
            )
            .at(place.clone())
            .help(meant(word)));
        };
        sign.check(schema, place).map_or(Ok(sign), Err)
    }

    /// What a schema that knows its workflows does not know of it.
    pub(super) fn check(&self, schema: &Schema, place: &Place) -> Option<Diagnostic> {
        match self {
            Self::Entered(s) | Self::Left(s) | Self::In(s) if !schema.states.is_empty() && !schema.states.contains_key(s) => {
                Some(unknown("unknown-state", ("state", "状态"), s.as_str(), schema.states.keys().map(StateName::as_str), place.clone()))
            }
            Self::Taken(t) if !schema.states.is_empty() && !schema.transitions.contains(t) => {
                let known = schema.transitions.iter().map(TransitionName::as_str);
                Some(unknown("unknown-transition", ("transition", "转换"), t.as_str(), known, place.clone()))
            }
            Self::Changed(f) => {
                let name = f.as_str();
                let known = || CHANGES.into_iter().chain(Attribute::BUILT_IN).chain(schema.fields.keys().map(FieldName::as_str));
                (!known().any(|k| k == name)).then(|| unknown("unknown-field", ("field", "字段"), name, known(), place.clone()))
            }
            _ => None,
        }
    }
}

/// Words for signs that other products and our own messages use, and what they are called here.
const ALIASES: [(&str, &str); 14] = [
    ("created", "opened"),
    ("started", "opened"),
    ("replied", "answered"),
    ("responded", "answered"),
    ("agent_replied", "answered"),
    ("agent_answered", "answered"),
    ("requester_replied", "asked"),
    ("requester_answered", "asked"),
    ("customer_replied", "asked"),
    ("vendor_answered", "vendor_replied"),
    ("vendor_wrote", "vendor_replied"),
    ("unassigned", "released"),
    ("closed", "final"),
    ("resolved", "final"),
];

/// What was probably meant by an unknown word: another name of a sign, a slip before or behind the colon, a name without its sign; else all words.
fn meant(word: &str) -> Text {
    let did = |w: String| text(format!("did you mean `{w}`?"), format!("是不是 `{w}`？"));
    if let Some((_, sign)) = ALIASES.iter().find(|(w, _)| *w == word) {
        return did((*sign).to_string());
    }
    let prefixes = || NAMED.iter().filter_map(|w| w.split_once(':'));
    if let Some((before, name)) = word.split_once(':') {
        if prefixes().any(|(p, _)| p == before) {
            let example = if name.is_empty() { prefixes().find(|(p, _)| *p == before).map_or("", |(_, n)| n) } else { name };
            return text(format!("a name follows the colon: `{before}:{example}`"), format!("冒号后应为名称：`{before}:{example}`"));
        }
        if let Some(prefix) = nearest(before, prefixes().map(|(p, _)| p)) {
            return did(format!("{prefix}:{name}"));
        }
        // `opened:new`: a sign that takes no name.
        if let Some((plain, _)) = PLAIN.iter().find(|(w, _)| *w == before) {
            return text(format!("write `{plain}`, no name follows"), format!("请写 `{plain}`，后面不带名称"));
        }
    } else if let Some((prefix, name)) = prefixes().find(|(p, _)| *p == word) {
        return text(format!("say which, as in `{prefix}:{name}`"), format!("请写明是哪一个，例如 `{prefix}:{name}`"));
    }
    did_you_mean(word, PLAIN.iter().map(|(w, _)| *w)).unwrap_or_else(|| {
        let all = Sign::words().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ");
        text(format!("it is one of {all}"), format!("可取值：{all}"))
    })
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}
