//! Instances of services in other processes: which answers, and what when one does not.
