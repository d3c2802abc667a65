//! What touches the world and is not ours to decide: clock, randomness, secrets, passwords, tokens, the hardened HTTP client.
//!
//! Nothing here knows the domain or SQL. Everything that decides takes time, ids and randomness as arguments; this crate is
//! where the shells get them from.

pub mod clock;
pub mod hex;
pub mod http;
pub mod ids;
pub mod password;
pub mod random;
pub mod secret;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod steady;
pub mod token;

pub use clock::Clock;
pub use http::{
    EndpointError, HttpClient, HttpError, HttpOptions, HttpRequest, HttpResponse, Method, Names, address_allowed, check_endpoint,
    install_tls_provider,
};
pub use ids::Ids;
pub use password::{WeakPassword, check_password_strength, hash_password, verify_password};
pub use secret::{SealError, Sealer, Secret, replace_private};
pub use token::{mint_token, token_checksum_ok, token_hash};
