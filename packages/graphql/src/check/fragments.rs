//! Fragments: each is of a type, used, and never inside of itself; and how much a query asks for with all of them.

use std::collections::{HashMap, HashSet};

use super::selections::Conditions;
use super::{Check, Used};
use crate::ast::Selection;
use crate::error::Error;
use crate::{DEPTH_MAX, FIELDS_MAX};

/// How many fields, and how deep.
type Size = (usize, usize);

impl<'a, 'q> Check<'a, 'q> {
    pub(super) fn fragments(&mut self) {
        let all = &self.document.fragments;
        self.unique("fragments", all.iter().map(|fragment| fragment.name));
        for fragment in all {
            let mut used = Used::default();
            self.directives(&fragment.directives, Conditions::Refused, &mut used);
            if let Some(of) = self.composite(&fragment.on) {
                self.selections(of, &fragment.selections, &mut used);
            }
            self.used.insert(fragment.name.text, used);
        }
        let (mut open, mut done) = (HashSet::new(), HashSet::new());
        for fragment in all {
            if self.comes_back(fragment.name.text, &mut open, &mut done) {
                let message = format!("the fragment `{}` is inside of itself", fragment.name.text);
                return self.wrong(message, fragment.name.place);
            }
        }
    }

    /// Whether who follows the fragments of this one comes to one that is still open.
    fn comes_back(&self, name: &'q str, open: &mut HashSet<&'q str>, done: &mut HashSet<&'q str>) -> bool {
        // Each one opens the next, and there are no more of them than words in the query.
        let mut way = vec![(name, 0_usize)];
        open.clear();
        open.insert(name);
        while let Some((here, next)) = way.last_mut() {
            let further = self.used.get(here).and_then(|used| used.fragments.get(*next)).copied();
            *next += 1;
            match further {
                None => {
                    open.remove(here);
                    done.insert(*here);
                    way.pop();
                }
                Some(further) if open.contains(further) => return true,
                Some(further) if done.contains(further) => {}
                Some(further) => {
                    open.insert(further);
                    way.push((further, 0));
                }
            }
        }
        false
    }

    /// All that an operation uses, its fragments included, whose names are noted.
    pub(super) fn with_fragments(&self, own: &Used<'a, 'q>, seen: &mut HashSet<&'q str>) -> Used<'a, 'q> {
        let mut whole = own.clone();
        let mut next = 0;
        while let Some(name) = whole.fragments.get(next).copied() {
            next += 1;
            if let (true, Some(used)) = (seen.insert(name), self.used.get(name)) {
                whole.variables.extend_from_slice(&used.variables);
                whole.fragments.extend_from_slice(&used.fragments);
            }
        }
        whole
    }

    /// Nothing is asked for that would have no end, or none in sight.
    pub(super) fn sizes(&mut self) {
        let mut known = HashMap::new();
        for operation in &self.document.operations {
            let size = self.size(&operation.selections, 0, &mut known);
            let message = match size {
                Some((fields, _)) if fields > FIELDS_MAX => {
                    format!(
                        "an operation may have at most {FIELDS_MAX} fields, fragments put in their places"
                    )
                }
                Some((_, depth)) if depth <= DEPTH_MAX => continue,
                Some(_) | None => {
                    format!("fields may stand at most {DEPTH_MAX} deep, fragments put in their places")
                }
            };
            self.errors.push(Error { places: vec![operation.place], ..Error::too_large(message) });
        }
    }

    /// The size of selections; nothing where fragments lead on and on.
    fn size(
        &self,
        selections: &'a [Selection<'q>],
        above: usize,
        known: &mut HashMap<&'q str, Size>,
    ) -> Option<Size> {
        // A chain of fragments may be as long as fields may be deep, twice.
        if above > 2 * DEPTH_MAX {
            return None;
        }
        let (mut fields, mut depth) = (0_usize, 0);
        for selection in selections {
            let (more, deep) = match selection {
                Selection::Field(field) => {
                    let (more, deep) = self.size(&field.selections, above + 1, known)?;
                    (more.saturating_add(1), deep + 1)
                }
                Selection::Inline { selections, .. } => self.size(selections, above + 1, known)?,
                Selection::Spread { name, .. } => match known.get(name.text) {
                    Some(size) => *size,
                    None => {
                        let fragment = self.document.fragment(name.text);
                        let inside = fragment.map_or(&[][..], |fragment| &fragment.selections);
                        let size = self.size(inside, above + 1, known)?;
                        known.insert(name.text, size);
                        size
                    }
                },
            };
            fields = fields.saturating_add(more);
            depth = depth.max(deep);
        }
        Some((fields, depth))
    }
}
