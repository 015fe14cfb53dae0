//! The host's way to end decisions that are being made.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Ends decisions that are being made, from another thread: their scripts end at their next step, nothing of them is written, and the command may be sent again. What
/// begins afterwards is not concerned, so there is nothing to reset.
///
/// It is a backstop: what bounds scripts is their fuel, a few milliseconds at most.
///
/// ```
/// use ticketry::condition::Interrupt;
/// let interrupt = Interrupt::new();
/// let running = interrupt.begin();
/// assert!(!running.interrupted());
/// interrupt.interrupt();
/// assert!(running.interrupted() && !interrupt.begin().interrupted());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicU64>);

/// One decision that is being made.
#[derive(Clone, Debug)]
pub struct Running {
    count: Arc<AtomicU64>,
    from: u64,
}

impl Interrupt {
    /// Nothing interrupted yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Ends all that is running now.
    pub fn interrupt(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    /// A decision begins.
    pub fn begin(&self) -> Running {
        Running { count: self.0.clone(), from: self.0.load(Ordering::Relaxed) }
    }
}

impl Running {
    /// Whether it has to end.
    pub fn interrupted(&self) -> bool {
        self.count.load(Ordering::Relaxed) != self.from
    }
}
