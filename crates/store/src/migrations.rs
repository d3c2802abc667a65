//! The schema, step by step. A published step is never edited: the next one changes what it made.

use provost_db::Migration;

/// Every step, in order.
pub(crate) const ALL: &[Migration] = &[
    Migration { version: 1, name: "directory", sql: include_str!("../migrations/0001_directory.sql") },
    Migration { version: 2, name: "apps", sql: include_str!("../migrations/0002_apps.sql") },
    Migration { version: 3, name: "sessions", sql: include_str!("../migrations/0003_sessions.sql") },
    Migration { version: 4, name: "listings", sql: include_str!("../migrations/0004_listings.sql") },
    Migration { version: 5, name: "health", sql: include_str!("../migrations/0005_health.sql") },
    Migration { version: 6, name: "standstill", sql: include_str!("../migrations/0006_standstill.sql") },
    Migration { version: 7, name: "announcements", sql: include_str!("../migrations/0007_announcements.sql") },
    Migration { version: 8, name: "token_expiry", sql: include_str!("../migrations/0008_token_expiry.sql") },
    Migration { version: 9, name: "due_order", sql: include_str!("../migrations/0009_due_order.sql") },
    Migration { version: 10, name: "narrow_ways", sql: include_str!("../migrations/0010_narrow_ways.sql") },
    Migration { version: 11, name: "sparse_indexes", sql: include_str!("../migrations/0011_sparse_indexes.sql") },
    Migration { version: 12, name: "unseen", sql: include_str!("../migrations/0012_unseen.sql") },
    Migration { version: 13, name: "finding_users", sql: include_str!("../migrations/0013_finding_users.sql") },
    Migration { version: 14, name: "counts", sql: include_str!("../migrations/0014_counts.sql") },
    Migration { version: 15, name: "key_expiry", sql: include_str!("../migrations/0015_key_expiry.sql") },
];
