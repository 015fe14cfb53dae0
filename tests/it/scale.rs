//! Counts by `TICKETRY_SCALE` = quick (default) | ci | release.

/// The count for the scale this run is at.
#[allow(dead_code, reason = "until the first property test lands")]
pub fn pick(quick: u32, ci: u32, release: u32) -> u32 {
    match std::env::var("TICKETRY_SCALE").as_deref() {
        Ok("ci") => ci,
        Ok("release") => release,
        _ => quick,
    }
}
