//! Reading `sla/*.toml`.
