//! All SQL of the registry, one statement a function: `configs` (what is set, and what was), `instances` (who is there).

mod configs;
mod instances;

pub use configs::{
    config, configs_after, forget_revisions, insert_revision, put_config, revision_texts, revisions_before,
};
pub use instances::{Listed, expire, forget_down, instance, instances_after, put_instance};
