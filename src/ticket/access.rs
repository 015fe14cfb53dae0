//! Who may read and write fields, which fields a type has, and what fills in a new ticket.

use super::{Actor, Attribute, Schema, Value};
use crate::diagnostic::Text;
use crate::id::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who may read and write a field: roles or the words for kinds of actors. The system may always; where none is named, everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Who may read it.
    #[serde(default)]
    pub read: Vec<RoleName>,
    /// Who may write it.
    #[serde(default)]
    pub write: Vec<RoleName>,
}

/// What fills in a new ticket (S67): values that nobody need give, weaker than what anybody gives (S25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketTemplate {
    /// Its label.
    pub label: Text,
    /// The type it is for.
    pub kind: TypeName,
    /// Custom fields.
    pub fields: BTreeMap<FieldName, Value>,
}

impl Access {
    /// Whether it lets somebody read.
    pub(crate) fn lets_read(&self, actor: &Actor, roles: &[RoleName]) -> bool {
        allowed(&self.read, actor, roles)
    }
}

impl Schema {
    /// Whether somebody may read a custom field. Whoever shows a ticket to people must ask this of each of its fields.
    ///
    /// ```
    /// use ticketry::ticket::{Access, Actor, Schema};
    /// let mut schema = Schema::default();
    /// schema.access.insert("cost".into(), Access { read: vec!["lead".into()], write: vec![] });
    /// assert!(schema.may_read("cost", &Actor::agent("li"), &["lead".into()]));
    /// assert!(!schema.may_read("cost", &Actor::requester("ann"), &[]));
    /// assert!(schema.may_read("room", &Actor::requester("ann"), &[]));
    /// ```
    pub fn may_read(&self, field: &str, actor: &Actor, roles: &[RoleName]) -> bool {
        self.access.get(field).is_none_or(|a| a.lets_read(actor, roles))
    }
    /// Whether somebody may write a custom field: who may not read it, may not write it either, unless named for writing.
    pub fn may_write(&self, field: &str, actor: &Actor, roles: &[RoleName]) -> bool {
        self.access.get(field).is_none_or(|a| allowed(if a.write.is_empty() { &a.read } else { &a.write }, actor, roles))
    }
    /// The roles for which writing a field is allowed; none: everybody.
    pub(crate) fn writers(&self, field: &str) -> &[RoleName] {
        self.access.get(field).map_or(&[], |a| if a.write.is_empty() { &a.read } else { &a.write })
    }
    /// Whether tickets of a type have an attribute: a field that it names, or, where it names none, one that no other type names.
    pub fn has_field(&self, kind: &TypeName, attribute: &Attribute) -> bool {
        let Attribute::Field(f) = attribute else { return true };
        let Some(t) = self.types.get(kind) else { return true };
        if t.fields.is_empty() {
            !self.types.values().any(|t| t.fields.contains(f))
        } else {
            t.fields.contains(f) || t.required.contains(f)
        }
    }
}

fn allowed(named: &[RoleName], actor: &Actor, roles: &[RoleName]) -> bool {
    let kind = match actor {
        Actor::System => return true,
        Actor::Agent(_) => "agent",
        Actor::Requester(_) => "requester",
        Actor::Vendor(_) => "vendor",
        Actor::Integration(_) => "integration",
    };
    // Words for kinds of actors are matched against who acts, never against roles the host names.
    const WORDS: [&str; 5] = ["agent", "requester", "vendor", "integration", "system"];
    named.is_empty() || named.iter().any(|r| if WORDS.contains(&r.as_str()) { *r == *kind } else { roles.contains(r) })
}
