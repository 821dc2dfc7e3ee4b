//! IAM's rules and nouns, pure: what an account holds, what documents may say, which names are taken.

mod access;
mod certificate;
mod device;
mod entity;
mod managed;
mod policy;
mod public_key;
mod qr;
mod simulation;
mod state;
mod tags;

pub use access::{AccessReport, MAX_REPORTS, REPORT_MS, SERVICES, TRACKED_MS, manages};
pub use certificate::{certificate_end, fingerprint, has_private_key, ssh_key};
pub use device::{MfaDevice, ServerCertificate, ServiceCredential, SigningCertificate, SshKey};
pub use entity::{
    AccessKey, Account, Grants, Group, Header, InstanceProfile, Login, OidcProvider, PasswordPolicy, Policy, Role,
    SamlProvider, Tags, User, Version,
};
pub use managed::{ManagedPolicy, managed, managed_policies};
pub use policy::{PolicyFault, check_identity, check_trust, squeezed_len};
pub use public_key::{pem_as_ssh_key, ssh_key_as_pem};
pub use qr::qr_png;
pub use simulation::{Matched, Simulated, SimulatedKind, Simulation, Verdict};
pub use state::{Row, State, Table, Thing, name_key};
pub use tags::{TagFault, add_tags, check_tags, remove_tags};
