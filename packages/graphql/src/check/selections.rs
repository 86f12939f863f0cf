//! Fields, arguments, values, directives and type conditions against the schema.

use super::{Check, Use, Used};
use crate::ast::{self, Directive, Literal, Name, Selection, Value};
use crate::error::Place;
use crate::introspect::meta;
use crate::schema::{Argument, Type, TypeRef};

/// Whether `@include` and `@skip` may stand in a place.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Conditions {
    Allowed,
    Refused,
}

impl<'a, 'q> Check<'a, 'q> {
    pub(super) fn selections(
        &mut self,
        of: &'a Type,
        selections: &'a [Selection<'q>],
        used: &mut Used<'a, 'q>,
    ) {
        for selection in selections {
            match selection {
                Selection::Field(field) => self.field(of, field, used),
                Selection::Spread { name, directives } => {
                    self.directives(directives, Conditions::Allowed, used);
                    used.fragments.push(name.text);
                    match self.document.fragment(name.text) {
                        Some(fragment) => self.can_be(of, &fragment.on, name.place),
                        None => self.wrong(format!("there is no fragment `{}`", name.text), name.place),
                    }
                }
                Selection::Inline { place, on, directives, selections } => {
                    self.directives(directives, Conditions::Allowed, used);
                    let inner = match on {
                        None => Some(of),
                        Some(on) => self.composite(on),
                    };
                    if let Some(on) = on {
                        self.can_be(of, on, *place);
                    }
                    if let Some(inner) = inner {
                        self.selections(inner, selections, used);
                    }
                }
            }
        }
    }

    /// The type of this name, which has to have fields.
    pub(super) fn composite(&mut self, name: &Name<'q>) -> Option<&'a Type> {
        let found = self.schema.get(name.text);
        match found {
            None => self.wrong(format!("there is no type `{}`", name.text), name.place),
            Some(of) if of.is_leaf() => {
                self.wrong(format!("`{}` has no fields to choose from", name.text), name.place);
            }
            Some(_) => return found,
        }
        None
    }

    /// Whether something of this type can be of that; unknown types are told elsewhere.
    fn can_be(&mut self, of: &Type, on: &Name<'q>, place: Place) {
        let wanted = self.schema.objects_of(on.text);
        let can = self.schema.objects_of(&of.name).iter().any(|one| wanted.contains(one));
        if !can && !wanted.is_empty() {
            self.wrong(format!("a `{}` is never a `{}`", of.name, on.text), place);
        }
    }

    fn field(&mut self, of: &'a Type, field: &'a ast::Field<'q>, used: &mut Used<'a, 'q>) {
        self.directives(&field.directives, Conditions::Allowed, used);
        let Some(declared) = self.schema.field(of, field.name.text) else {
            return self.wrong(format!("`{}` has no field `{}`", of.name, field.name.text), field.place);
        };
        self.arguments(&declared.arguments, &field.name, &field.arguments, used);
        let Some(inner) = self.schema.get(declared.of.name()) else { return };
        match (inner.is_leaf(), field.selections.is_empty()) {
            (true, true) => {}
            (false, false) => self.selections(inner, &field.selections, used),
            (true, false) => {
                let message = format!("`{}` is a {} and has no fields", field.name.text, declared.of);
                self.wrong(message, field.place);
            }
            (false, true) => {
                let message =
                    format!("say which fields of `{}` you want: it is a {}", field.name.text, declared.of);
                self.wrong(message, field.place);
            }
        }
    }

    fn arguments(
        &mut self,
        declared: &'a [Argument],
        owner: &Name<'q>,
        written: &'a [ast::Argument<'q>],
        used: &mut Used<'a, 'q>,
    ) {
        self.unique("arguments", written.iter().map(|one| one.name));
        for one in written {
            match declared.iter().find(|known| known.name == one.name.text) {
                Some(known) => {
                    self.value(&known.of, &one.value);
                    self.uses(Some((&known.of, known.default.is_some())), &one.value, used);
                }
                None => {
                    self.wrong(format!("`{}` takes no `{}`", owner.text, one.name.text), one.name.place);
                }
            }
        }
        for known in declared.iter().filter(|known| known.of.is_required() && known.default.is_none()) {
            if !written.iter().any(|one| one.name.text == known.name) {
                self.wrong(format!("`{}` needs `{}: {}`", owner.text, known.name, known.of), owner.place);
            }
        }
    }

    /// A value has its type, as far as variables let that be seen.
    pub(super) fn value(&mut self, of: &TypeRef, value: &Value<'q>) {
        if let Err(error) = self.schema.literal(of, value, None) {
            self.errors.push(error);
        }
    }

    /// Notes the variables of a value, with what is wanted where they stand.
    fn uses(&mut self, wanted: Option<(&'a TypeRef, bool)>, value: &'a Value<'q>, used: &mut Used<'a, 'q>) {
        match &value.is {
            Literal::Variable(name) => used.variables.push(Use {
                name,
                place: value.place,
                of: wanted.map(|(of, _)| of),
                has_default: wanted.is_some_and(|(_, has_default)| has_default),
            }),
            Literal::List(items) => {
                let inner = wanted.and_then(|(of, _)| match of.nullable() {
                    TypeRef::List(item) => Some((&**item, false)),
                    TypeRef::Named(_) | TypeRef::NonNull(_) => None,
                });
                items.iter().for_each(|item| self.uses(inner, item, used));
            }
            Literal::Object(fields) => {
                self.unique("fields", fields.iter().map(|field| field.name));
                fields.iter().for_each(|field| self.uses(None, &field.value, used));
            }
            Literal::Int(_)
            | Literal::Float(_)
            | Literal::Text(_)
            | Literal::Boolean(_)
            | Literal::Null
            | Literal::Enum(_) => {}
        }
    }

    pub(super) fn directives(
        &mut self,
        directives: &'a [Directive<'q>],
        conditions: Conditions,
        used: &mut Used<'a, 'q>,
    ) {
        self.unique("directives", directives.iter().map(|directive| directive.name));
        for directive in directives {
            let Name { text, place } = directive.name;
            match meta().directives.iter().find(|known| known.name == text) {
                None => self.wrong(format!("there is no directive `@{text}`"), place),
                Some(_) if conditions == Conditions::Refused => {
                    self.wrong(format!("`@{text}` may not stand here"), place);
                }
                Some(known) => self.arguments(&known.arguments, &directive.name, &directive.arguments, used),
            }
        }
    }
}
