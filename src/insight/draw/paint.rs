//! Colours of states (S62) as pictures take them.

/// What a box is painted with: `#rrggbb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paint {
    /// Inside, light enough for dark letters.
    pub(super) fill: String,
    /// The frame.
    pub(super) frame: String,
}

/// Letters and lines.
pub(super) const INK: &str = "#1f2933";
/// Lines between boxes, and what is said beside them.
#[cfg(feature = "svg")]
pub(super) const LINE: &str = "#52606d";
/// What nothing went by.
#[cfg(feature = "svg")]
pub(super) const FAINT: &str = "#b3bcc5";

impl Paint {
    /// Of a state's colour: one of [`crate::workflow::COLOURS`] or `#rrggbb`; anything else is grey.
    pub(super) fn of(colour: &str) -> Self {
        let frame = match colour {
            "yellow" => "#d9a800",
            "purple" => "#8e5bd0",
            "brown" => "#9a6b45",
            "green" => "#3a9d5d",
            "blue" => "#3b7dd8",
            "orange" => "#e07b2e",
            "teal" => "#2a9d9d",
            "cyan" => "#1fa3cc",
            "pink" => "#d9619e",
            "indigo" => "#5561c9",
            "lime" => "#8ab833",
            "olive" => "#8a8a3a",
            "navy" => "#2c4a7c",
            "black" => "#333333",
            "outline" => return Self { fill: "#ffffff".into(), frame: "#8a94a0".into() },
            hex if parts(hex).is_some() => hex,
            _ => "#8a94a0",
        };
        let light = |c: u8| u16::from(c).saturating_add(255_u16.saturating_mul(4)).checked_div(5).unwrap_or(255);
        let fill = parts(frame).map_or_else(|| "#ffffff".into(), |[r, g, b]| format!("#{:02x}{:02x}{:02x}", light(r), light(g), light(b)));
        Self { fill, frame: frame.to_ascii_lowercase() }
    }
}

fn parts(hex: &str) -> Option<[u8; 3]> {
    let digits = hex.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let at = |i: usize| u8::from_str_radix(digits.get(i..i.saturating_add(2))?, 16).ok();
    Some([at(0)?, at(2)?, at(4)?])
}
