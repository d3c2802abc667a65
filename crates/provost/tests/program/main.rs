//! The program as people use it: processes of their own, real files, real HTTP on loopback, everything by the command line.

mod access;
mod approve;
mod bad_files;
mod bad_input;
mod canary;
mod conformance;
mod damage;
mod demo;
mod disk;
mod disk_faults;
mod failing_disk;
mod import_speed;
mod in_memory;
mod installation;
mod kills;
mod migrations;
mod offline;
mod organization;
mod people;
mod power;
mod processes;
mod restore;
mod revoked;
mod run;
mod stops;
mod transfer;
