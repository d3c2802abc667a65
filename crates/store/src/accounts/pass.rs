//! Users beside their accounts.

use super::rows::COLUMNS;
use crate::directory::users;
use provost_core::ids::ConnectionId;
use provost_db::Query;

/// How many columns of [`everybody`] are the account's; those of the user follow.
pub const ACCOUNT_COLUMNS: usize = 19;

/// Which of them is the body that the app last confirmed.
pub const APPLIED_COLUMN: usize = 4;

/// Every user of the directory whose id is above `after` and not above `upto`, by id, with the account's columns first (all
/// NULL where there is none).
pub fn everybody(connection: ConnectionId, after: i64, upto: i64) -> Query {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM directory_user u LEFT JOIN account a ON a.connection_id = $1 AND a.user_id = u.id \
         WHERE u.id > $2 AND u.id <= $3 ORDER BY u.id",
        users::COLUMNS
    );
    Query::new(sql, [connection.get().into(), after.into(), upto.into()])
}
