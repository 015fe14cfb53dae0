//! Functions that a host offers to scripts: pure, with a declared signature, contained.

use crate::diagnostic::{Diagnostic, Diagnostics, Place, Text, text};
use crate::id::Digest;
use crate::ticket::Value;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// What kind of value a function takes or gives. Every one may also be absent: `()` in a script, `None` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValueKind {
    /// Text, a name, a level: [`Value::Text`].
    Text,
    /// A whole number: [`Value::Integer`].
    Integer,
    /// A decimal, or a whole number: [`Value::Decimal`].
    Decimal,
    /// Yes or no: [`Value::Boolean`].
    Boolean,
    /// An instant: [`Value::Instant`].
    Instant,
    /// A span of wall time: [`Value::Duration`].
    Duration,
    /// A set of names, a list of texts in a script: [`Value::Choices`].
    Names,
}

impl ValueKind {
    /// The word authors read in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Instant => "instant",
            Self::Duration => "duration",
            Self::Names => "set",
        }
    }
    /// Whether a value is of this kind.
    pub fn holds(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Text, Value::Text(_) | Value::Choice(_) | Value::Reference(_))
                | (Self::Integer, Value::Integer(_))
                | (Self::Decimal, Value::Decimal(_) | Value::Integer(_))
                | (Self::Boolean, Value::Boolean(_))
                | (Self::Instant, Value::Instant(_))
                | (Self::Duration, Value::Duration(_))
                | (Self::Names, Value::Choices(_))
        )
    }
}

type Body = dyn Fn(&[Option<Value>]) -> Result<Option<Value>, Text> + Send + Sync;

/// A function of the host's, offered to conditions and actions.
///
/// It must be pure: the same arguments give the same answer, on every machine and in every year, since journals are replayed and desks agree by it. It is called with
/// arguments of the kinds it declares, checked at load as far as they are known then. What it answers is checked too; a panic in it becomes a fault of the rule (S24),
/// unless the program is built with `panic = "abort"`.
///
/// ```
/// use ticketry::diagnostic::{Source, text};
/// use ticketry::playbook::Playbook;
/// use ticketry::rules::{Function, Functions, ValueKind};
/// use ticketry::ticket::Value;
///
/// let area = Function::new("postcode_area", [ValueKind::Text], ValueKind::Text, |args| match args {
///     [Some(Value::Text(code))] => Ok(code.get(..2).map(Value::from)),
///     [None] => Ok(None),
///     _ => Err(text("a postcode is a text", "邮编应为文本")),
/// });
/// let rule = r#"rule("north").on("created").when(|t| postcode_area(t.subject) == "10").then(|t| t.tag("north"));"#;
/// let source = Playbook::starter_source().with("rules/a.rhai", rule);
/// let loaded = Playbook::loader().functions(Functions::new().with(area)).load(&source).unwrap();
/// assert_eq!(loaded.playbook.rules().len(), 1);
///
/// let without = Playbook::load(&source).unwrap_err();
/// assert!(without.to_string().contains("no function `postcode_area`"));
/// ```
#[derive(Clone)]
pub struct Function {
    name: Arc<str>,
    takes: Vec<ValueKind>,
    gives: ValueKind,
    cost: u32,
    version: u32,
    says: Text,
    body: Arc<Body>,
}

impl Function {
    /// A function of this name, which takes these values and gives such a one. An error of its own is a fault of the rule that called it.
    pub fn new(
        name: impl Into<Arc<str>>,
        takes: impl IntoIterator<Item = ValueKind>,
        gives: ValueKind,
        body: impl Fn(&[Option<Value>]) -> Result<Option<Value>, Text> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            takes: takes.into_iter().collect(),
            gives,
            cost: 10,
            version: 1,
            says: Text::default(),
            body: Arc::new(body),
        }
    }
    /// How many steps of a rule's fuel one call takes, 10 unless told. A rule has 15,000; a step is worth about 100 ns.
    #[must_use]
    pub fn cost(mut self, steps: u32) -> Self {
        self.cost = steps;
        self
    }
    /// The version of what it computes, 1 unless told: it goes into the playbook's digest, so that decisions by the old and the new one can be told apart.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }
    /// What it does, for references and editors.
    #[must_use]
    pub fn describe(mut self, en: impl Into<String>, zh: impl Into<String>) -> Self {
        self.says = text(en, zh);
        self
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// What it takes.
    pub fn takes(&self) -> &[ValueKind] {
        &self.takes
    }
    /// What it gives.
    pub fn gives(&self) -> ValueKind {
        self.gives
    }
    /// What it does.
    pub fn says(&self) -> &Text {
        &self.says
    }
    /// As authors write it: `postcode_area(text) -> text`.
    pub fn signature(&self) -> String {
        let takes = self.takes.iter().map(|k| k.word()).collect::<Vec<_>>().join(", ");
        format!("{}({takes}) -> {}", self.name, self.gives.word())
    }
    #[cfg(feature = "rhai")]
    pub(super) fn steps(&self) -> usize {
        usize::try_from(self.cost).unwrap_or(usize::MAX)
    }
    /// Calls it.
    ///
    /// # Errors
    /// What it says itself.
    pub fn call(&self, args: &[Option<Value>]) -> Result<Option<Value>, Text> {
        (self.body)(args)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.signature(), self.version)
    }
}

/// The functions a host offers. They belong to the playbook that is loaded with them.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    by_name: BTreeMap<Arc<str>, Function>,
    twice: Vec<Arc<str>>,
}

/// The most arguments a function may take.
const ARGUMENTS: usize = 6;

impl Functions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }
    /// With one more. Two of one name are reported at load.
    #[must_use]
    pub fn with(mut self, function: Function) -> Self {
        if let Some(old) = self.by_name.insert(function.name.clone(), function) {
            self.twice.push(old.name);
        }
        self
    }
    /// The function of this name.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.by_name.get(name)
    }
    /// All of them in order of name.
    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.by_name.values()
    }
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
    /// A digest of their signatures and versions; none where there is none.
    pub fn digest(&self) -> Option<Digest> {
        (!self.is_empty()).then(|| Digest::of(self.iter().map(|f| format!("{f:?}\n")).collect::<Vec<_>>().iter().map(String::as_bytes)))
    }
    /// What is wrong with them: `bad-function`. `taken` are the names scripts know already.
    pub fn check(&self, taken: &dyn Fn(&str) -> bool) -> Diagnostics {
        let mut problems = Diagnostics::new();
        let mut bad = |name: &str, en: String, zh: String| {
            let place = Place::file(format!("function {name}"));
            problems.push(Diagnostic::error("bad-function", text(en, zh)).at(place));
        };
        for name in &self.twice {
            bad(name, format!("the host offers two functions `{name}`"), format!("宿主提供了两个函数 `{name}`"));
        }
        for f in self.iter() {
            let name = f.name();
            let mut chars = name.chars();
            let fits = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_');
            if !fits || name.len() > 64 {
                bad(
                    name,
                    format!("a function cannot be called `{name}`: letters, digits and `_`, at most 64 bytes"),
                    format!("函数不能命名为 `{name}`：只能用字母、数字和 `_`，最多 64 字节"),
                );
            }
            if taken(name) {
                bad(name, format!("scripts have a `{name}` already"), format!("脚本中已有 `{name}`"));
            }
            if f.takes.len() > ARGUMENTS {
                let n = f.takes.len();
                bad(
                    name,
                    format!("`{name}` takes {n} values, at most {ARGUMENTS} can be given"),
                    format!("`{name}` 有 {n} 个参数，最多 {ARGUMENTS} 个"),
                );
            }
        }
        problems
    }
}
