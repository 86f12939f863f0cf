//! The rules that judge, kept in memory as they can be asked. The row that names them is read in each transaction, and
//! what is kept counts only where it is of that row: an undone publication or another process changes nothing of that.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use contracts::ProjectId;
use kernel::store::Tx;

use crate::domain::rules::{BUILT_IN, Judge, RuleSet};
use crate::error::Error;
use crate::store::{self, Published};

/// The rules of so many projects are kept at most.
const PROJECTS_KEPT: usize = 256;

static OF_NO_PROJECT: LazyLock<Arc<Judge>> =
    LazyLock::new(|| Arc::new(Judge::of(RuleSet::built_in(), BUILT_IN)));

/// The rules of all projects.
#[derive(Debug, Default)]
struct Judges(Mutex<HashMap<ProjectId, (Published, Arc<Judge>)>>);

/// The rules that this row names; the built-in ones where it names none.
pub fn of(tx: &mut Tx<'_>, published: Option<Published>) -> Result<Arc<Judge>, Error> {
    let Some(published) = published else { return Ok(Arc::clone(&OF_NO_PROJECT)) };
    let (judges, project) = (tx.beside::<Judges>(), tx.project()?);
    if let Some(judge) = judges.kept(project, &published) {
        return Ok(judge);
    }
    let row = store::rule_set(tx, published.version)?.ok_or(Error::Absent("rule set"))?;
    let judge = Arc::new(Judge::of(row.body.0, published.version));
    if let Judge::Unreadable { version, problems, .. } = &*judge {
        tracing::error!(
            rule_set.version = version,
            problems = problems.len(),
            "the published rules cannot be asked"
        );
    }
    judges.keep(project, published, &judge);
    Ok(judge)
}

impl Judges {
    fn kept(&self, project: ProjectId, published: &Published) -> Option<Arc<Judge>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&project).filter(|(of, _)| of == published).map(|(_, judge)| Arc::clone(judge))
    }

    fn keep(&self, project: ProjectId, published: Published, judge: &Arc<Judge>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= PROJECTS_KEPT && !all.contains_key(&project) {
            all.clear();
        }
        all.insert(project, (published, Arc::clone(judge)));
    }
}

#[cfg(test)]
mod tests {
    use contracts::Id;
    use kernel::store::{Scope, Store};
    use kernel::testing::{Place, Stage, on_both, run};

    use super::*;
    use crate::commands::rule_sets::{publish, write};
    use crate::domain::rules::Rule;

    fn rules(name: &str) -> RuleSet {
        let (name, when) = (name.to_owned().try_into().unwrap(), "true".to_owned().try_into().unwrap());
        RuleSet { rules: vec![Rule { name, when, score: 1, shadow: false }], ..RuleSet::built_in() }
    }

    /// Publishes rules of this name as the next version, asks which judge, and undoes all of it where that is wanted.
    async fn publishes(store: &Store, name: &'static str, undone: bool) -> Result<(u32, String), Error> {
        let scope = Scope::Project(ProjectId::from_u128(1));
        store
            .write(scope, move |tx| {
                let version = write(tx, &rules(name), "somebody")?.version;
                publish(tx, version, "somebody")?;
                let judging = judging(tx)?;
                if undone { Err(Error::Absent("anything")) } else { Ok(judging) }
            })
            .await
    }

    fn judging(tx: &mut Tx<'_>) -> Result<(u32, String), Error> {
        let published = store::published(tx)?;
        let judge = of(tx, published)?;
        Ok((judge.version(), judge.set().rules[0].name.to_string()))
    }

    async fn judges(store: &Store) -> (u32, String) {
        store.read(Scope::Project(ProjectId::from_u128(1)), judging).await.unwrap()
    }

    #[test]
    fn an_undone_publication_leaves_nothing_in_memory() {
        on_both(async |place| {
            let stage = Stage::new(place, crate::service()).await;
            let store = stage.running.store();
            assert_eq!(judges(store).await.0, BUILT_IN);
            assert!(publishes(store, "undone", true).await.is_err());
            assert_eq!(judges(store).await.0, BUILT_IN);
            assert_eq!(publishes(store, "kept", false).await.unwrap(), (1, "kept".to_owned()));
            assert_eq!(
                judges(store).await,
                (1, "kept".to_owned()),
                "the version is the same, the rules are not"
            );
            assert!(publishes(store, "undone", true).await.is_err());
            assert_eq!(judges(store).await, (1, "kept".to_owned()));
        });
    }

    #[test]
    fn what_one_process_publishes_judges_in_the_other() {
        let Some(place) = Place::postgres() else { return };
        run(async {
            let (one, other) =
                (Stage::new(&place, crate::service()).await, Stage::new(&place, crate::service()).await);
            for (version, name) in [(1, "first"), (2, "second")] {
                publishes(one.running.store(), name, false).await.unwrap();
                assert_eq!(judges(other.running.store()).await, (version, name.to_owned()));
            }
        });
    }
}
