//! The names of admin log events, as Google's Reports API spells them where it has one, and what people read instead.

/// An account was created or adopted by autoprovisioning.
pub const CREATE_USER_WITH_AUTO_PROV: &str = "CREATE_USER_WITH_AUTO_PROV";
/// An account was brought up to date.
pub const UPDATE_AUTO_PROVISIONED_USER: &str = "UPDATE_AUTO_PROVISIONED_USER";
/// An account was suspended.
pub const SUSPEND_AUTO_PROVISIONED_USER: &str = "SUSPEND_AUTO_PROVISIONED_USER";
/// An account was restored.
pub const UNSUSPEND_AUTO_PROVISIONED_USER: &str = "UNSUSPEND_AUTO_PROVISIONED_USER";
/// An account was hard-deleted.
pub const HARD_DELETED_AUTO_PROVISIONED_USER: &str = "HARD_DELETED_AUTO_PROVISIONED_USER";
/// A request failed.
pub const AUTO_PROV_FAILURE: &str = "AUTO_PROV_FAILURE";
/// Autoprovisioning was configured.
pub const CREATE_AUTO_PROV_CONFIG: &str = "CREATE_AUTO_PROV_CONFIG";
/// The configuration was deleted.
pub const DELETE_AUTO_PROV_CONFIG: &str = "DELETE_AUTO_PROV_CONFIG";
/// Turned on, off, or halted.
pub const UPDATE_AUTO_PROV_STATUS: &str = "UPDATE_AUTO_PROV_STATUS";
/// Most requests failed: the connection rests.
pub const AUTO_PROV_QUARANTINE_BEGAN: &str = "AUTO_PROV_QUARANTINE_BEGAN";
/// A probe was answered: the connection works again.
pub const AUTO_PROV_QUARANTINE_ENDED: &str = "AUTO_PROV_QUARANTINE_ENDED";
/// When the access token ends was said, changed or forgotten.
pub const AUTO_PROV_TOKEN_EXPIRY_CHANGED: &str = "AUTO_PROV_TOKEN_EXPIRY_CHANGED";
/// The access token ends soon, or has ended.
pub const AUTO_PROV_TOKEN_EXPIRES: &str = "AUTO_PROV_TOKEN_EXPIRES";
/// A new access token.
pub const UPDATE_AUTO_PROV_CONFIG_CREDENTIALS: &str = "UPDATE_AUTO_PROV_CONFIG_CREDENTIALS";
/// Another endpoint.
pub const UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL: &str = "UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL";
/// The attribute mapping changed.
pub const AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED: &str = "AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED";
/// A group joined the scope.
pub const AUTO_PROV_CONFIG_GROUP_NAME_ADDED: &str = "AUTO_PROV_CONFIG_GROUP_NAME_ADDED";
/// A group left the scope.
pub const AUTO_PROV_CONFIG_GROUP_NAME_REMOVED: &str = "AUTO_PROV_CONFIG_GROUP_NAME_REMOVED";
/// A deprovisioning action was added or its grace period changed.
pub const AUTO_PROV_DEPROV_ACTION_ADDED: &str = "AUTO_PROV_DEPROV_ACTION_ADDED";
/// A deprovisioning action was removed.
pub const AUTO_PROV_DEPROV_ACTION_REMOVED: &str = "AUTO_PROV_DEPROV_ACTION_REMOVED";
/// Other settings of a connection changed.
pub const UPDATE_AUTO_PROV_CONFIG_SETTINGS: &str = "UPDATE_AUTO_PROV_CONFIG_SETTINGS";
/// Removals were held by the guard.
pub const AUTO_PROV_REMOVALS_HELD: &str = "AUTO_PROV_REMOVALS_HELD";
/// Held removals were approved.
pub const AUTO_PROV_REMOVALS_APPROVED: &str = "AUTO_PROV_REMOVALS_APPROVED";
/// Held removals were rejected.
pub const AUTO_PROV_REMOVALS_REJECTED: &str = "AUTO_PROV_REMOVALS_REJECTED";
/// A failure's wait was ended by an administrator.
pub const AUTO_PROV_RETRY: &str = "AUTO_PROV_RETRY";
/// A full pass was asked for.
pub const AUTO_PROV_SYNC_REQUESTED: &str = "AUTO_PROV_SYNC_REQUESTED";
/// A connection test was asked for.
pub const AUTO_PROV_TEST_CONNECTION: &str = "AUTO_PROV_TEST_CONNECTION";

/// The app's accounts were listed at the first contact.
pub const AUTO_PROV_ACCOUNTS_LISTED: &str = "AUTO_PROV_ACCOUNTS_LISTED";
/// A drift check was asked for, or began by itself.
pub const AUTO_PROV_DRIFT_CHECK_STARTED: &str = "AUTO_PROV_DRIFT_CHECK_STARTED";
/// A drift check is over, or held.
pub const AUTO_PROV_DRIFT_CHECK_FINISHED: &str = "AUTO_PROV_DRIFT_CHECK_FINISHED";
/// A held drift check was confirmed.
pub const AUTO_PROV_DRIFT_CHECK_CONFIRMED: &str = "AUTO_PROV_DRIFT_CHECK_CONFIRMED";

/// An app was added.
pub const ADD_APPLICATION: &str = "ADD_APPLICATION";
/// An app's name changed.
pub const CHANGE_APPLICATION: &str = "CHANGE_APPLICATION";
/// An app was deleted.
pub const DELETE_APPLICATION: &str = "DELETE_APPLICATION";
/// Single sign-on details changed.
pub const UPDATE_APPLICATION_SSO: &str = "UPDATE_APPLICATION_SSO";
/// The service status changed.
pub const CHANGE_SERVICE_STATUS: &str = "CHANGE_SERVICE_STATUS";

/// A user was added.
pub const CREATE_USER: &str = "CREATE_USER";
/// Suspended.
pub const SUSPEND_USER: &str = "SUSPEND_USER";
/// No longer suspended.
pub const UNSUSPEND_USER: &str = "UNSUSPEND_USER";
/// Archived.
pub const ARCHIVE_USER: &str = "ARCHIVE_USER";
/// No longer archived.
pub const UNARCHIVE_USER: &str = "UNARCHIVE_USER";
/// Deleted; restorable for 20 days.
pub const DELETE_USER: &str = "DELETE_USER";
/// Restored.
pub const UNDELETE_USER: &str = "UNDELETE_USER";
/// Forgotten 20 days after the deletion.
pub const PURGE_USER: &str = "PURGE_USER";
/// Another primary address.
pub const RENAME_USER: &str = "RENAME_USER";
/// Another first name.
pub const CHANGE_FIRST_NAME: &str = "CHANGE_FIRST_NAME";
/// Another last name.
pub const CHANGE_LAST_NAME: &str = "CHANGE_LAST_NAME";
/// Other attributes changed; the detail names them.
pub const CHANGE_USER_ATTRIBUTES: &str = "CHANGE_USER_ATTRIBUTES";
/// Moved in the tree.
pub const MOVE_USER_TO_ORG_UNIT: &str = "MOVE_USER_TO_ORG_UNIT";

/// A group was added.
pub const CREATE_GROUP: &str = "CREATE_GROUP";
/// A group was deleted.
pub const DELETE_GROUP: &str = "DELETE_GROUP";
/// A group's address changed.
pub const CHANGE_GROUP_EMAIL: &str = "CHANGE_GROUP_EMAIL";
/// A group's name changed.
pub const CHANGE_GROUP_NAME: &str = "CHANGE_GROUP_NAME";
/// A group's description changed.
pub const CHANGE_GROUP_DESCRIPTION: &str = "CHANGE_GROUP_DESCRIPTION";
/// A member joined.
pub const ADD_GROUP_MEMBER: &str = "ADD_GROUP_MEMBER";
/// A member left.
pub const REMOVE_GROUP_MEMBER: &str = "REMOVE_GROUP_MEMBER";
/// A member's role changed.
pub const UPDATE_GROUP_MEMBER: &str = "UPDATE_GROUP_MEMBER";

/// An org unit was added.
pub const CREATE_ORG_UNIT: &str = "CREATE_ORG_UNIT";
/// An org unit was renamed.
pub const EDIT_ORG_UNIT_NAME: &str = "EDIT_ORG_UNIT_NAME";
/// An org unit was moved.
pub const MOVE_ORG_UNIT: &str = "MOVE_ORG_UNIT";
/// An org unit was deleted.
pub const REMOVE_ORG_UNIT: &str = "REMOVE_ORG_UNIT";

/// A secondary (or the first) domain was added.
pub const ADD_SECONDARY_DOMAIN: &str = "ADD_SECONDARY_DOMAIN";
/// An alias domain was added.
pub const ADD_DOMAIN_ALIAS: &str = "ADD_DOMAIN_ALIAS";
/// A secondary domain was removed.
pub const REMOVE_SECONDARY_DOMAIN: &str = "REMOVE_SECONDARY_DOMAIN";
/// An alias domain was removed.
pub const REMOVE_DOMAIN_ALIAS: &str = "REMOVE_DOMAIN_ALIAS";
/// Another domain became the primary one, or its kind changed.
pub const CHANGE_DOMAIN_KIND: &str = "CHANGE_DOMAIN_KIND";

/// An administrator was added.
pub const CREATE_ADMIN: &str = "CREATE_ADMIN";
/// An administrator's role changed.
pub const ASSIGN_ROLE: &str = "ASSIGN_ROLE";
/// An administrator was disabled.
pub const DISABLE_ADMIN: &str = "DISABLE_ADMIN";
/// An administrator's password changed.
pub const CHANGE_ADMIN_PASSWORD: &str = "CHANGE_ADMIN_PASSWORD";
/// An API key was made.
pub const CREATE_API_KEY: &str = "CREATE_API_KEY";
/// An API key was revoked.
pub const REVOKE_API_KEY: &str = "REVOKE_API_KEY";

/// Every name with what people read, in the order of the log page's filter.
pub const LABELS: &[(&str, &str)] = &[
    (CREATE_USER_WITH_AUTO_PROV, "User created with autoprovisioning"),
    (UPDATE_AUTO_PROVISIONED_USER, "Autoprovisioned user updated"),
    (SUSPEND_AUTO_PROVISIONED_USER, "Autoprovisioned user suspended"),
    (UNSUSPEND_AUTO_PROVISIONED_USER, "Autoprovisioned user restored"),
    (HARD_DELETED_AUTO_PROVISIONED_USER, "Autoprovisioned user hard-deleted"),
    (AUTO_PROV_FAILURE, "Autoprovisioning failure"),
    (CREATE_AUTO_PROV_CONFIG, "Autoprovisioning configured"),
    (DELETE_AUTO_PROV_CONFIG, "Autoprovisioning configuration deleted"),
    (UPDATE_AUTO_PROV_STATUS, "Autoprovisioning status changed"),
    (AUTO_PROV_QUARANTINE_BEGAN, "App in quarantine"),
    (AUTO_PROV_QUARANTINE_ENDED, "App out of quarantine"),
    (AUTO_PROV_TOKEN_EXPIRY_CHANGED, "Access token's expiry date changed"),
    (AUTO_PROV_TOKEN_EXPIRES, "Access token expires"),
    (UPDATE_AUTO_PROV_CONFIG_CREDENTIALS, "Autoprovisioning reauthorized"),
    (UPDATE_AUTO_PROV_CONFIG_CONNECTION_URL, "Endpoint URL changed"),
    (AUTO_PROV_CONFIG_ATTRIBUTE_MAPPING_UPDATED, "Attribute mapping updated"),
    (AUTO_PROV_CONFIG_GROUP_NAME_ADDED, "Scope group added"),
    (AUTO_PROV_CONFIG_GROUP_NAME_REMOVED, "Scope group removed"),
    (AUTO_PROV_DEPROV_ACTION_ADDED, "Deprovisioning action added"),
    (AUTO_PROV_DEPROV_ACTION_REMOVED, "Deprovisioning action removed"),
    (UPDATE_AUTO_PROV_CONFIG_SETTINGS, "Autoprovisioning settings changed"),
    (AUTO_PROV_REMOVALS_HELD, "Removals held"),
    (AUTO_PROV_REMOVALS_APPROVED, "Held removals approved"),
    (AUTO_PROV_REMOVALS_REJECTED, "Held removals rejected"),
    (AUTO_PROV_RETRY, "Retry requested"),
    (AUTO_PROV_SYNC_REQUESTED, "Sync requested"),
    (AUTO_PROV_TEST_CONNECTION, "Connection tested"),
    (AUTO_PROV_ACCOUNTS_LISTED, "The app's accounts listed"),
    (AUTO_PROV_DRIFT_CHECK_STARTED, "Drift check started"),
    (AUTO_PROV_DRIFT_CHECK_FINISHED, "Drift check finished"),
    (AUTO_PROV_DRIFT_CHECK_CONFIRMED, "Held drift check confirmed"),
    (ADD_APPLICATION, "App added"),
    (CHANGE_APPLICATION, "App changed"),
    (DELETE_APPLICATION, "App deleted"),
    (UPDATE_APPLICATION_SSO, "Single sign-on details changed"),
    (CHANGE_SERVICE_STATUS, "Service status changed"),
    (CREATE_USER, "User added"),
    (SUSPEND_USER, "User suspended"),
    (UNSUSPEND_USER, "User reactivated"),
    (ARCHIVE_USER, "User archived"),
    (UNARCHIVE_USER, "User unarchived"),
    (DELETE_USER, "User deleted"),
    (UNDELETE_USER, "User restored"),
    (PURGE_USER, "User forgotten after 20 days"),
    (RENAME_USER, "User renamed"),
    (CHANGE_FIRST_NAME, "First name changed"),
    (CHANGE_LAST_NAME, "Last name changed"),
    (CHANGE_USER_ATTRIBUTES, "User attributes changed"),
    (MOVE_USER_TO_ORG_UNIT, "User moved to another org unit"),
    (CREATE_GROUP, "Group added"),
    (DELETE_GROUP, "Group deleted"),
    (CHANGE_GROUP_EMAIL, "Group address changed"),
    (CHANGE_GROUP_NAME, "Group name changed"),
    (CHANGE_GROUP_DESCRIPTION, "Group description changed"),
    (ADD_GROUP_MEMBER, "Group member added"),
    (REMOVE_GROUP_MEMBER, "Group member removed"),
    (UPDATE_GROUP_MEMBER, "Group member's role changed"),
    (CREATE_ORG_UNIT, "Org unit added"),
    (EDIT_ORG_UNIT_NAME, "Org unit renamed"),
    (MOVE_ORG_UNIT, "Org unit moved"),
    (REMOVE_ORG_UNIT, "Org unit deleted"),
    (ADD_SECONDARY_DOMAIN, "Domain added"),
    (ADD_DOMAIN_ALIAS, "Alias domain added"),
    (REMOVE_SECONDARY_DOMAIN, "Domain removed"),
    (REMOVE_DOMAIN_ALIAS, "Alias domain removed"),
    (CHANGE_DOMAIN_KIND, "Domain kind changed"),
    (CREATE_ADMIN, "Administrator added"),
    (ASSIGN_ROLE, "Administrator's role changed"),
    (DISABLE_ADMIN, "Administrator disabled"),
    (CHANGE_ADMIN_PASSWORD, "Administrator's password changed"),
    (CREATE_API_KEY, "API key created"),
    (REVOKE_API_KEY, "API key revoked"),
];

/// What people read for `name`; the name itself when it is not known here.
pub fn label(name: &str) -> &str {
    LABELS.iter().find(|(known, _)| *known == name).map_or(name, |(_, label)| *label)
}
