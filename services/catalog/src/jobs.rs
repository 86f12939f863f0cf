//! What is done later: sheets are taken in.

use kernel::jobs::Jobs;

use crate::commands::imports::work_off;

/// Says what is done later.
pub fn register(jobs: &mut Jobs) {
    jobs.inside(work_off);
}
