//! The directory: users, groups, org units and domains.

mod attributes;
mod group;
mod organization;
mod user;

pub use attributes::{DIRECTORY_ATTRIBUTES, DirectoryAttribute};
pub use group::{Group, Member, MemberRole};
pub use organization::{Domain, DomainKind, OrgUnit, email_domain, valid_email};
pub use user::{InvalidTransition, RESTORE_WINDOW, Suspension, User, UserState, UserStatus};
