//! The statements on where instances are: rows of the platform, which belong to no project.

use contracts::Timestamp;
use contracts::events::fleet::{InstanceChanged, InstanceState};
use kernel::params;
use kernel::store::{StoreError, Tx};
use serde::Deserialize;

use crate::domain::{Address, Environment, Instance, InstanceName, ServiceName, Version, platform};

/// An instance, and the revision of its settings that it should run.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The instance.
    pub instance: Instance,
    /// The latest revision of the settings of its service in its environment; none where nothing was ever set.
    pub latest_revision: Option<u64>,
}

#[derive(Deserialize)]
struct ListedRow {
    service: ServiceName,
    instance: InstanceName,
    address: Address,
    version: Version,
    environment: Environment,
    config_revision: Option<u64>,
    state: InstanceState,
    registered_at: Timestamp,
    seen_at: Timestamp,
    lease_until: Option<Timestamp>,
    down_at: Option<Timestamp>,
    latest_revision: Option<u64>,
}

/// One instance.
pub fn instance(
    tx: &mut Tx<'_>,
    service: &ServiceName,
    instance: &InstanceName,
) -> Result<Option<Listed>, StoreError> {
    let row: Option<ListedRow> = tx.row(
        "select i.service, i.instance, i.address, i.version, i.environment, i.config_revision, i.state,
                i.registered_at, i.seen_at, i.lease_until, i.down_at, c.revision as latest_revision
         from instances i left join configs c
           on c.project_id = $1 and c.service = i.service and c.environment = i.environment
         where i.service = $2 and i.instance = $3",
        params![platform(), service, instance],
    )?;
    Ok(row.map(Listed::from))
}

/// Instances after `after`, by service and name; of one service, or of all.
pub fn instances_after(
    tx: &mut Tx<'_>,
    service: Option<&ServiceName>,
    after: &(String, String),
    limit: u32,
) -> Result<Vec<Listed>, StoreError> {
    let rows: Vec<ListedRow> = tx.rows(
        "select i.service, i.instance, i.address, i.version, i.environment, i.config_revision, i.state,
                i.registered_at, i.seen_at, i.lease_until, i.down_at, c.revision as latest_revision
         from instances i left join configs c
           on c.project_id = $1 and c.service = i.service and c.environment = i.environment
         where (cast($2 as text) is null or i.service = $2)
           and (i.service > $3 or (i.service = $3 and i.instance > $4))
         order by i.service, i.instance limit $5",
        params![platform(), service, after.0, after.1, limit],
    )?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// Writes an instance down as it is now.
pub fn put_instance(tx: &mut Tx<'_>, now: &Instance) -> Result<(), StoreError> {
    tx.run(
        "insert into instances (service, instance, address, version, environment, config_revision, state,
           registered_at, seen_at, lease_until, down_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (service, instance) do update
           set address = excluded.address, version = excluded.version, environment = excluded.environment,
             config_revision = excluded.config_revision, state = excluded.state,
             registered_at = excluded.registered_at, seen_at = excluded.seen_at,
             lease_until = excluded.lease_until, down_at = excluded.down_at",
        params![
            now.service,
            now.instance,
            now.address,
            now.version,
            now.environment,
            now.config_revision,
            now.state,
            now.registered_at,
            now.seen_at,
            now.lease_until,
            now.down_at
        ],
    )
    .map(drop)
}

/// Marks instances down whose lease is over, and says which.
pub fn expire(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<InstanceChanged>, StoreError> {
    let now = tx.now();
    tx.rows(
        "update instances set state = 'down', lease_until = null, down_at = $1
         where (service, instance) in
           (select service, instance from instances where lease_until <= $1 order by lease_until limit $2)
         returning service, instance, address, state",
        params![now, limit],
    )
}

/// Forgets instances that went down by `until`.
pub fn forget_down(tx: &mut Tx<'_>, until: Timestamp, limit: u32) -> Result<u64, StoreError> {
    tx.run(
        "delete from instances where (service, instance) in
           (select service, instance from instances where down_at <= $1 order by down_at limit $2)",
        params![until, limit],
    )
}

impl From<ListedRow> for Listed {
    fn from(row: ListedRow) -> Self {
        let instance = Instance {
            service: row.service,
            instance: row.instance,
            address: row.address,
            version: row.version,
            environment: row.environment,
            config_revision: row.config_revision,
            state: row.state,
            registered_at: row.registered_at,
            seen_at: row.seen_at,
            lease_until: row.lease_until,
            down_at: row.down_at,
        };
        Self { instance, latest_revision: row.latest_revision }
    }
}
