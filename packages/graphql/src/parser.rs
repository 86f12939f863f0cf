//! Words and signs to a query. Type definitions are none, and brackets stand no deeper in each other than is taken.

use crate::DEPTH_MAX;
use crate::ast::{
    Argument, Directive, Document, Field, Fragment, Literal, Name, Operation, OperationKind, Selection, Type,
    Value, Variable,
};
use crate::error::{Error, Place};
use crate::lexer::{Token, tokens};

struct Parser<'q> {
    tokens: Vec<(Token<'q>, Place)>,
    next: usize,
    depth: usize,
}

/// Whether variables may stand in a value.
#[derive(Clone, Copy, PartialEq)]
enum Variables {
    Allowed,
    Refused,
}

/// Reads a query.
pub fn parse(text: &str) -> Result<Document<'_>, Error> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let mut document = Document { operations: Vec::new(), fragments: Vec::new() };
    loop {
        match parser.peek() {
            Token::Name("fragment") => document.fragments.push(parser.fragment()?),
            _ => document.operations.push(parser.operation()?),
        }
        if *parser.peek() == Token::End {
            return Ok(document);
        }
    }
}

/// Reads a type, as introspection's own are declared.
pub(crate) fn parse_type(text: &str) -> Result<Type<'_>, Error> {
    Parser { tokens: tokens(text)?, next: 0, depth: 0 }.of_type()
}

impl<'q> Parser<'q> {
    fn peek(&self) -> &Token<'q> {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn place(&self) -> Place {
        self.tokens.get(self.next).map_or(Place { line: 1, column: 1 }, |(_, place)| *place)
    }

    fn bump(&mut self) -> Token<'q> {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn take(&mut self, sign: char) -> bool {
        let is_here = *self.peek() == Token::Sign(sign);
        self.next += usize::from(is_here);
        is_here
    }

    fn need(&mut self, sign: char) -> Result<(), Error> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.peek() {
            Token::Sign(sign) => format!("`{sign}`"),
            Token::Spread => "`...`".to_owned(),
            Token::Name(text) | Token::Int(text) | Token::Float(text) => format!("`{text}`"),
            Token::Text(_) => "a text".to_owned(),
            Token::End => "the end".to_owned(),
        };
        Error::syntax(format!("expected {wanted}, found {found}"), self.place())
    }

    fn name(&mut self) -> Result<Name<'q>, Error> {
        let place = self.place();
        match *self.peek() {
            Token::Name(text) => {
                self.next += 1;
                Ok(Name { text, place })
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    /// What stands between two brackets, of which there have to be this many.
    fn between<T>(
        &mut self,
        (open, close): (char, char),
        least: usize,
        mut one: impl FnMut(&mut Self) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.need(open)?;
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::too_large(format!("a query may be at most {DEPTH_MAX} deep")));
        }
        let mut all = Vec::new();
        while all.len() < least || !self.take(close) {
            all.push(one(self)?);
        }
        self.depth -= 1;
        Ok(all)
    }

    fn operation(&mut self) -> Result<Operation<'q>, Error> {
        let place = self.place();
        if *self.peek() == Token::Sign('{') {
            let selections = self.selections()?;
            let (name, variables, directives) = (None, Vec::new(), Vec::new());
            return Ok(Operation {
                place,
                kind: OperationKind::Query,
                name,
                variables,
                directives,
                selections,
            });
        }
        let kind = match self.peek() {
            Token::Name("query") => OperationKind::Query,
            Token::Name("mutation") => OperationKind::Mutation,
            Token::Name("subscription") => OperationKind::Subscription,
            _ => return Err(self.unexpected("an operation or a fragment")),
        };
        self.next += 1;
        let name = if matches!(self.peek(), Token::Name(_)) { Some(self.name()?) } else { None };
        let variables = match self.peek() {
            Token::Sign('(') => self.between(('(', ')'), 1, Self::variable)?,
            _ => Vec::new(),
        };
        let directives = self.directives(Variables::Allowed)?;
        let selections = self.selections()?;
        Ok(Operation { place, kind, name, variables, directives, selections })
    }

    fn variable(&mut self) -> Result<Variable<'q>, Error> {
        self.need('$')?;
        let name = self.name()?;
        self.need(':')?;
        let of = self.of_type()?;
        let default = if self.take('=') { Some(self.value(Variables::Refused)?) } else { None };
        Ok(Variable { name, of, default, directives: self.directives(Variables::Refused)? })
    }

    fn of_type(&mut self) -> Result<Type<'q>, Error> {
        let bare = if *self.peek() == Token::Sign('[') {
            let place = self.place();
            let mut items = self.between(('[', ']'), 1, Self::of_type)?;
            match (items.pop(), items.is_empty()) {
                (Some(item), true) => Type::List(Box::new(item)),
                _ => return Err(Error::syntax("a list has one type", place)),
            }
        } else {
            Type::Named(self.name()?)
        };
        Ok(if self.take('!') { Type::NonNull(Box::new(bare)) } else { bare })
    }

    fn fragment(&mut self) -> Result<Fragment<'q>, Error> {
        self.next += 1;
        if *self.peek() == Token::Name("on") {
            return Err(self.unexpected("the name of a fragment"));
        }
        let name = self.name()?;
        if self.bump() != Token::Name("on") {
            self.next -= 1;
            return Err(self.unexpected("`on`"));
        }
        let on = self.name()?;
        let directives = self.directives(Variables::Allowed)?;
        Ok(Fragment { name, on, directives, selections: self.selections()? })
    }

    fn selections(&mut self) -> Result<Vec<Selection<'q>>, Error> {
        self.between(('{', '}'), 1, Self::selection)
    }

    fn selection(&mut self) -> Result<Selection<'q>, Error> {
        let place = self.place();
        if *self.peek() != Token::Spread {
            return Ok(Selection::Field(self.field()?));
        }
        self.next += 1;
        let on = match *self.peek() {
            Token::Name("on") => {
                self.next += 1;
                Some(self.name()?)
            }
            Token::Name(_) => {
                let name = self.name()?;
                return Ok(Selection::Spread { name, directives: self.directives(Variables::Allowed)? });
            }
            _ => None,
        };
        let directives = self.directives(Variables::Allowed)?;
        Ok(Selection::Inline { place, on, directives, selections: self.selections()? })
    }

    fn field(&mut self) -> Result<Field<'q>, Error> {
        let first = self.name()?;
        let name = if self.take(':') { self.name()? } else { first };
        let arguments = self.arguments(Variables::Allowed)?;
        let directives = self.directives(Variables::Allowed)?;
        let selections = match self.peek() {
            Token::Sign('{') => self.selections()?,
            _ => Vec::new(),
        };
        Ok(Field { place: first.place, key: first.text, name, arguments, directives, selections })
    }

    fn arguments(&mut self, variables: Variables) -> Result<Vec<Argument<'q>>, Error> {
        match self.peek() {
            Token::Sign('(') => self.between(('(', ')'), 1, |parser| parser.argument(variables)),
            _ => Ok(Vec::new()),
        }
    }

    fn argument(&mut self, variables: Variables) -> Result<Argument<'q>, Error> {
        let name = self.name()?;
        self.need(':')?;
        Ok(Argument { name, value: self.value(variables)? })
    }

    fn directives(&mut self, variables: Variables) -> Result<Vec<Directive<'q>>, Error> {
        let mut all = Vec::new();
        while self.take('@') {
            all.push(Directive { name: self.name()?, arguments: self.arguments(variables)? });
        }
        Ok(all)
    }

    fn value(&mut self, variables: Variables) -> Result<Value<'q>, Error> {
        let place = self.place();
        match self.peek() {
            Token::Sign('[') => {
                let items = self.between(('[', ']'), 0, |parser| parser.value(variables))?;
                return Ok(Value { place, is: Literal::List(items) });
            }
            Token::Sign('{') => {
                let fields = self.between(('{', '}'), 0, |parser| parser.argument(variables))?;
                return Ok(Value { place, is: Literal::Object(fields) });
            }
            _ => {}
        }
        let is = match self.bump() {
            Token::Sign('$') if variables == Variables::Allowed => Literal::Variable(self.name()?.text),
            Token::Int(text) => Literal::Int(text),
            Token::Float(text) => Literal::Float(text),
            Token::Text(text) => Literal::Text(text),
            Token::Name("true") => Literal::Boolean(true),
            Token::Name("false") => Literal::Boolean(false),
            Token::Name("null") => Literal::Null,
            Token::Name(text) => Literal::Enum(text),
            Token::Sign(_) | Token::Spread | Token::End => {
                self.next -= 1;
                return Err(self.unexpected("a value"));
            }
        };
        Ok(Value { place, is })
    }
}
