//! What a person sees, in both languages (S76).

use serde::{Deserialize, Serialize};

/// The language to render in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Chinese 中文.
    Zh,
}

/// One text in English and Chinese. Whoever shows it says in which language, by [`Text::get`]; so it has no `Display`. What a person wrote is [`crate::ticket::Text`], another type.
///
/// ```
/// use ticketry::diagnostic::{Lang, text};
/// assert_eq!(text("overdue", "已超时").get(Lang::Zh), "已超时");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Text {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Text {
    /// The text in `lang`; the other language where that one is empty.
    pub fn get(&self, lang: Lang) -> &str {
        let (first, second) = match lang {
            Lang::En => (&self.en, &self.zh),
            Lang::Zh => (&self.zh, &self.en),
        };
        if first.is_empty() { second } else { first }
    }
}

/// The text with these two forms.
pub fn text(en: impl Into<String>, zh: impl Into<String>) -> Text {
    Text { en: en.into(), zh: zh.into() }
}
