//! Comma-separated text as cells with places. The crate `csv-core` knows the format; what it forgives, the reader of tables reports.

use crate::diagnostic::Place;
use csv_core::{ReadFieldResult, Reader, ReaderBuilder};
use std::sync::Arc;

/// Most cells of a row that are kept; more than any table has columns.
pub(super) const CELLS: usize = 64;

/// A cell: its text without quotes and blanks around it, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    start: usize,
    end: usize,
}

/// A row of cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) cells: Vec<Cell>,
}

/// A file of cells. Blank lines and lines that begin with `#` are no rows.
#[derive(Debug)]
pub(super) struct Sheet<'s> {
    file: Arc<str>,
    content: &'s str,
    /// Where each line begins.
    lines: Vec<usize>,
    pub(super) records: Vec<Record>,
    /// The first quote that is none of a whole cell, and whether it is never closed.
    pub(super) bad_quote: Option<(Cell, bool)>,
}

impl<'s> Sheet<'s> {
    /// Reads at most `most` rows; more are left out.
    pub(super) fn read(file: &Arc<str>, content: &'s str, most: usize) -> Self {
        let lines = std::iter::once(0).chain(content.match_indices('\n').map(|(i, _)| i.saturating_add(1))).collect();
        let mut sheet = Self { file: file.clone(), content, lines, records: Vec::new(), bad_quote: None };
        let mut reader = ReaderBuilder::new().comment(Some(b'#')).build();
        let mut at = 0;
        let mut record = Record::default();
        while let Some((mut cell, end_of_row)) = sheet.cell(&mut reader, &mut at, record.cells.is_empty()) {
            let raw = content.get(cell.start..cell.end).unwrap_or_default();
            // The format knows a quote only right behind the comma: elsewhere it is a character like any other, and what was meant to be one cell falls apart.
            let blank = raw.starts_with('"') && cell.text.trim_start().starts_with('"') && !raw.starts_with("\"\"");
            let open = raw.starts_with('"') && !raw.matches('"').count().is_multiple_of(2);
            if (blank || open) && sheet.bad_quote.is_none() {
                sheet.bad_quote = Some((cell.clone(), open && !blank));
            }
            cell.text = cell.text.trim().to_string();
            if record.cells.len() < CELLS {
                record.cells.push(cell);
            }
            if end_of_row {
                let row = std::mem::take(&mut record);
                if row.cells.len() > 1 || row.cells.iter().any(|c| !c.text.is_empty()) {
                    sheet.records.push(row);
                }
                if sheet.records.len() > most {
                    break;
                }
            }
        }
        sheet
    }

    /// The next cell, and whether it ends its row.
    fn cell(&self, reader: &mut Reader, at: &mut usize, first: bool) -> Option<(Cell, bool)> {
        let from = *at;
        let mut text: Vec<u8> = Vec::new();
        let mut buffer = [0u8; 256];
        loop {
            // An empty input tells the reader that nothing more comes.
            let input = self.content.as_bytes().get(*at..).unwrap_or_default();
            let (result, read, wrote) = reader.read_field(input, &mut buffer);
            *at = at.saturating_add(read);
            text.extend_from_slice(buffer.get(..wrote).unwrap_or_default());
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::Field { record_end } => {
                    let (start, end) = self.bounds(from, *at, first);
                    // Cut at field borders, which are ASCII, so it is UTF-8 as the file is.
                    return Some((Cell { text: String::from_utf8_lossy(&text).into_owned(), start, end }, record_end));
                }
                ReadFieldResult::End => return None,
            }
        }
    }

    /// Where a cell stands in what the reader consumed for it: without separators, blank lines and comments before it.
    fn bounds(&self, from: usize, to: usize, first: bool) -> (usize, usize) {
        let mut start = from;
        loop {
            let rest = self.content.get(start..to).unwrap_or_default();
            let skipped = match rest.chars().next() {
                Some(c @ ('\n' | '\r' | '\u{feff}')) if first => c.len_utf8(),
                Some('#') if first => rest.find('\n').map_or(rest.len(), |i| i.saturating_add(1)),
                Some(c @ (' ' | '\t')) => c.len_utf8(),
                _ => 0,
            };
            if skipped == 0 {
                break;
            }
            start = start.saturating_add(skipped);
        }
        let rest = self.content.get(start..to).unwrap_or_default();
        let kept = rest.trim_end_matches([',', '\n', '\r', ' ', '\t']);
        (start, start.saturating_add(kept.len()))
    }

    /// The place of a cell.
    pub(super) fn place(&self, cell: &Cell) -> Place {
        let line = self.lines.partition_point(|b| *b <= cell.start).saturating_sub(1);
        let begin = self.lines.get(line).copied().unwrap_or(0);
        let count = |from: usize, to: usize| {
            let part = self.content.get(from..to).unwrap_or_default().trim_start_matches('\u{feff}');
            u32::try_from(part.split('\n').next().unwrap_or_default().chars().count()).unwrap_or(u32::MAX)
        };
        let number = u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1);
        Place::new(self.file.clone(), number, count(begin, cell.start).saturating_add(1), count(cell.start, cell.end).max(1))
    }

    /// The place of a row: its first cell's.
    pub(super) fn row(&self, record: &Record) -> Place {
        record.cells.first().map_or_else(|| Place::file(self.file.clone()), |c| self.place(c))
    }
}
