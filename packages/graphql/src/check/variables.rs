//! Variables: declared once, of a type that can be given, used, and fitting wherever they are used.

use std::collections::HashSet;

use super::selections::Conditions;
use super::{Check, Use, Used};
use crate::ast::{Literal, Operation, Variable};
use crate::schema::{ROOT, Type, TypeRef};

impl<'a, 'q> Check<'a, 'q> {
    /// An operation's selections and variables; notes which fragments it reaches.
    pub(super) fn variables(&mut self, operation: &'a Operation<'q>, reached: &mut HashSet<&'q str>) {
        let mut used = Used::default();
        self.directives(&operation.directives, Conditions::Refused, &mut used);
        if let Some(root) = self.schema.get(ROOT) {
            self.selections(root, &operation.selections, &mut used);
        }
        self.unique("variables", operation.variables.iter().map(|variable| variable.name));
        for variable in &operation.variables {
            self.declared(variable, &mut used);
        }
        let mut own = HashSet::new();
        let used = self.with_fragments(&used, &mut own);
        reached.extend(own);
        for variable in &operation.variables {
            if !used.variables.iter().any(|one| one.name == variable.name.text) {
                self.wrong(format!("`${}` is not used", variable.name.text), variable.name.place);
            }
        }
        for one in &used.variables {
            match operation.variables.iter().find(|variable| variable.name.text == one.name) {
                None => self.wrong(format!("`${}` is not declared", one.name), one.place),
                Some(variable) => self.fits(variable, one),
            }
        }
    }

    fn declared(&mut self, variable: &'a Variable<'q>, used: &mut Used<'a, 'q>) {
        self.directives(&variable.directives, Conditions::Refused, used);
        let of = TypeRef::from(&variable.of);
        if !self.schema.get(of.name()).is_some_and(Type::is_leaf) {
            let message = format!("`${}` cannot be a {of}", variable.name.text);
            return self.wrong(message, variable.name.place);
        }
        if let Some(default) = &variable.default {
            self.value(&of, default);
        }
    }

    fn fits(&mut self, variable: &Variable<'q>, one: &Use<'a, 'q>) {
        let Some(wanted) = one.of else { return };
        let of = TypeRef::from(&variable.of);
        let has_default = variable.default.as_ref().is_some_and(|default| default.is != Literal::Null);
        let fits = if wanted.is_required() && !of.is_required() {
            (has_default || one.has_default) && can_stand_for(&of, wanted.nullable())
        } else {
            can_stand_for(&of, wanted)
        };
        if !fits {
            self.wrong(format!("`${}` is a {of} where a {wanted} is wanted", one.name), one.place);
        }
    }
}

/// Whether each value of this type is one of that.
fn can_stand_for(of: &TypeRef, wanted: &TypeRef) -> bool {
    match (of, wanted) {
        (TypeRef::NonNull(of), TypeRef::NonNull(wanted)) => can_stand_for(of, wanted),
        (_, TypeRef::NonNull(_)) => false,
        (TypeRef::NonNull(of), _) => can_stand_for(of, wanted),
        (TypeRef::List(of), TypeRef::List(wanted)) => can_stand_for(of, wanted),
        (TypeRef::Named(of), TypeRef::Named(wanted)) => of == wanted,
        (TypeRef::List(_), TypeRef::Named(_)) | (TypeRef::Named(_), TypeRef::List(_)) => false,
    }
}
