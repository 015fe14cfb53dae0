//! Names: short texts with a type.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::{borrow::Borrow, fmt};

macro_rules! names {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// A short text, compared byte by byte; up to 23 bytes are kept inline, so that cloning is a copy.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// The name with this text.
            pub fn new(text: impl AsRef<str>) -> Self { Self(SmolStr::new(text)) }
            /// Its text.
            pub fn as_str(&self) -> &str { self.0.as_str() }
        }
        impl From<&str> for $name { fn from(text: &str) -> Self { Self::new(text) } }
        impl From<String> for $name { fn from(text: String) -> Self { Self(SmolStr::from(text)) } }
        impl From<&$name> for $name { fn from(name: &$name) -> Self { name.clone() } }
        impl AsRef<str> for $name { fn as_ref(&self) -> &str { self.as_str() } }
        impl Borrow<str> for $name { fn borrow(&self) -> &str { self.as_str() } }
        impl PartialEq<str> for $name { fn eq(&self, other: &str) -> bool { self.as_str() == other } }
        impl PartialEq<&str> for $name { fn eq(&self, other: &&str) -> bool { self.as_str() == *other } }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) } }
        impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", self.as_str()) } }
    )+};
}

names! {
    /// A ticket type (enquiry, return, incident): picks workflow, form and fields.
    TypeName;
    /// A workflow.
    WorkflowName;
    /// A state of a workflow.
    StateName;
    /// A transition of a workflow.
    TransitionName;
    /// A custom field of the playbook's schema.
    FieldName;
    /// A value of an enum: impact, urgency, priority, a choice field.
    LevelName;
    /// A role an actor may have.
    RoleName;
    /// A group of agents 处理组.
    GroupId;
    /// An agent 坐席.
    AgentId;
    /// A requester 请求人.
    RequesterId;
    /// A requester's organisation.
    OrganisationId;
    /// A vendor or other third party.
    VendorId;
    /// A skill 技能.
    SkillName;
    /// A node of the category tree, written as a path: `hardware/printer/jam`.
    CategoryPath;
    /// A tag.
    TagName;
    /// A channel 渠道: wechat, phone, mail.
    ChannelName;
    /// A business calendar.
    CalendarName;
    /// An SLA policy.
    PolicyName;
    /// An SLA metric: `first_response`, `next_response`, `resolution`, or the playbook's own.
    MetricName;
    /// A webhook: what the host does outside when a rule asks for it.
    HookName;
    /// A rule.
    RuleName;
    /// A message template.
    TemplateName;
    /// A macro: a named list of actions that a person runs.
    MacroName;
    /// A desk watch.
    WatchName;
    /// A task 子任务: its template in the workflow, or the name a person gave it.
    TaskName;
    /// An approval 审批 that a workflow declares.
    ApprovalName;
    /// How a task came out: `confirmed`, `not_reached`.
    OutcomeName;
    /// What the host calls something of its own: an external message id, an attachment, a linked object.
    ExternalId;
    /// The idempotency key of a command, the same over all its retries.
    CommitId;
}

impl CategoryPath {
    /// Whether this path is `ancestor` or lies below it (S66: naming a node means its subtree).
    ///
    /// ```
    /// use ticketry::id::CategoryPath;
    /// let jam = CategoryPath::new("hardware/printer/jam");
    /// assert!(jam.within("hardware/printer") && !jam.within("hardware/print"));
    /// ```
    pub fn within(&self, ancestor: &str) -> bool {
        match self.as_str().strip_prefix(ancestor) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        }
    }
}
