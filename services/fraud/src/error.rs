//! Why fraud does not do what it was asked, and what its callers hear then.

use kernel::http::Problem;
use kernel::store::StoreError;
use serde_json::json;

use crate::domain::model::BadModel;
use crate::domain::review::BadMove;
use crate::domain::rules::RuleProblem;

/// Why a command or a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or it is another project's.
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// A rule set that cannot be asked.
    #[error("the rule set has mistakes: {}", .0.first().map(|problem| problem.message.as_str()).unwrap_or_default())]
    BadRules(Vec<RuleProblem>),
    /// The review stands where this cannot be done.
    #[error(transparent)]
    BadMove(#[from] BadMove),
    /// The model that was built in cannot be used.
    #[error(transparent)]
    Model(#[from] BadModel),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Absent(what) => Self::not_found(what),
            Error::BadRules(problems) => {
                Self::conflict("rule_set_invalid", message).with_details(json!({ "problems": problems }))
            }
            Error::BadMove(BadMove(state)) => {
                Self::conflict("wrong_state", message).with_details(json!({ "state": state }))
            }
            Error::Model(error) => Self::internal(&error),
            Error::Store(error) => error.into(),
        }
    }
}
