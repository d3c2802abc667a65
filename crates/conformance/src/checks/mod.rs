//! The checks, one module for each part of the protocol. Each begins with its requirements as a table.

mod bulk;
mod create;
mod cursor;
mod discovery;
mod errors;
mod etag;
mod filter;
mod group;
mod hostile;
mod page;
mod patch;
mod patch_errors;
mod patch_values;
mod projection;
mod put;
mod read;
mod search;
mod sort;

use crate::requirement::Requirement;

/// The tables, in the order in which they are tried: what later parts rely on comes first.
pub(crate) static PARTS: &[&[Requirement]] = &[
    discovery::REQUIREMENTS,
    create::REQUIREMENTS,
    read::REQUIREMENTS,
    put::REQUIREMENTS,
    patch::REQUIREMENTS,
    patch_values::REQUIREMENTS,
    patch_errors::REQUIREMENTS,
    filter::REQUIREMENTS,
    sort::REQUIREMENTS,
    page::REQUIREMENTS,
    cursor::REQUIREMENTS,
    projection::REQUIREMENTS,
    search::REQUIREMENTS,
    group::REQUIREMENTS,
    etag::REQUIREMENTS,
    bulk::REQUIREMENTS,
    errors::REQUIREMENTS,
    hostile::REQUIREMENTS,
];
