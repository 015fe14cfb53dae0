//! What scripts can reach besides the ticket: the playbook's tables and calendars, and functions of the host's.

use super::Functions;
use crate::calendar::Calendars;
use crate::condition::Tables;
use std::sync::Arc;

/// What scripts can reach besides the ticket. All of it is fixed when the playbook is loaded, and pure.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Look-up tables: `lookup("owners", t.category)`.
    pub tables: Tables,
    /// Calendars: `is_open("office")`, `add_time(now, "4bh")`. Without them business time is out of reach.
    pub calendars: Option<Arc<Calendars>>,
    /// Functions of the host's.
    pub functions: Functions,
}

impl Resources {
    /// Nothing.
    pub fn new() -> Self {
        Self::default()
    }
    /// With these tables.
    #[must_use]
    pub fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }
    /// With these calendars.
    #[must_use]
    pub fn calendars(mut self, calendars: Calendars) -> Self {
        self.calendars = Some(Arc::new(calendars));
        self
    }
    /// With these functions.
    #[must_use]
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }
}
