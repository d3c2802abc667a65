//! Directories that Provost reads: the CSV files of the Google Admin console.
//!
//! A connector reads a foreign format and hands rows to the store; what a row means for the directory is decided there.

pub mod google_csv;
