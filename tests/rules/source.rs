//! One Rust file, taken apart as far as the rules need: code without text and comments, text, comments, and which
//! lines are test code. No parser: brackets are counted, macros are taken as they look.

/// A Rust file.
pub struct Source {
    /// From the root of the tree.
    pub path: String,
    /// As it is.
    pub text: String,
    /// The same, line for line and letter for letter, with strings and comments blanked.
    pub code: String,
    /// What its string literals hold, with their lines.
    pub strings: Vec<(usize, String)>,
    /// Its comments, with their lines.
    pub comments: Vec<(usize, String)>,
    tests: Vec<bool>,
}

/// A function with a body.
pub struct Function {
    pub name: String,
    pub lines: usize,
}

/// What comes next in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Code,
    Comment,
    Text,
}

impl Source {
    /// Takes a file apart.
    pub fn read(path: &str, text: &str) -> Self {
        let mut code = String::with_capacity(text.len());
        let (mut strings, mut comments) = (Vec::new(), Vec::new());
        let letters: Vec<char> = text.chars().collect();
        let (mut at, mut line) = (0, 1);
        while at < letters.len() {
            let (piece, length) = piece(&letters, at);
            let taken: String = letters[at..at + length].iter().collect();
            match piece {
                Piece::Code => code.push_str(&taken),
                Piece::Comment | Piece::Text => {
                    code.extend(taken.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
                    let held = if piece == Piece::Text { &mut strings } else { &mut comments };
                    held.push((line, taken.clone()));
                }
            }
            line += taken.matches('\n').count();
            at += length;
        }
        let tests = test_lines(path, &code);
        Self { path: path.to_owned(), text: text.to_owned(), code, strings, comments, tests }
    }

    /// Whether the line (from 1) is test code.
    pub fn is_test(&self, line: usize) -> bool {
        self.tests.get(line - 1).copied().unwrap_or(false)
    }

    /// The lines of code that ship, with their numbers.
    pub fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(number, _)| !self.is_test(*number))
    }

    /// The words of the code that ships: names and keywords.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let apart = |letter: char| !letter.is_alphanumeric() && letter != '_';
        self.shipped().flat_map(move |(_, line)| line.split(apart)).filter(|word| !word.is_empty())
    }

    /// Its functions, nested ones too.
    pub fn functions(&self) -> Vec<Function> {
        let code: Vec<char> = self.code.chars().collect();
        let mut found = Vec::new();
        for at in 0..code.len() {
            if !starts_word(&code, at, "fn ") {
                continue;
            }
            let name: String =
                code[at + 3..].iter().take_while(|l| l.is_alphanumeric() || **l == '_').collect();
            if let (false, Some(end)) = (name.is_empty(), end_of_item(&code, at)) {
                let lines = code[at..=end].iter().filter(|letter| **letter == '\n').count() + 1;
                if code[end] == '}' {
                    found.push(Function { name, lines });
                }
            }
        }
        found
    }
}

/// What stands at a place, and how long it is.
fn piece(letters: &[char], at: usize) -> (Piece, usize) {
    let rest = &letters[at..];
    let begins = |start: &str| {
        start.chars().zip(rest.iter().map(Some).chain(std::iter::repeat(None))).all(|(a, b)| Some(&a) == b)
    };
    let in_word = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
    if begins("//") {
        return (Piece::Comment, rest.iter().position(|letter| *letter == '\n').unwrap_or(rest.len()));
    }
    if begins("/*") {
        return (Piece::Comment, block_comment(rest));
    }
    let prefix = rest.iter().take_while(|letter| matches!(letter, 'b' | 'c' | 'r')).count();
    let hashes = rest[prefix..].iter().take_while(|letter| **letter == '#').count();
    let raw = !in_word && (1..=2).contains(&prefix) && rest[prefix - 1] == 'r';
    if raw && rest.get(prefix + hashes) == Some(&'"') {
        let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let inside = prefix + hashes + 1;
        let length = rest[inside..].windows(end.len()).position(|window| window == end);
        return (Piece::Text, length.map_or(rest.len(), |length| inside + length + end.len()));
    }
    match rest {
        ['"', ..] => (Piece::Text, quoted(rest)),
        ['\'', '\\', ..] => (Piece::Text, quoted(rest)),
        ['\'', _, '\'', ..] => (Piece::Text, 3),
        _ => (Piece::Code, 1),
    }
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != rest[0] {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn starts_word(code: &[char], at: usize, word: &str) -> bool {
    let before = at == 0 || !(code[at - 1].is_alphanumeric() || code[at - 1] == '_');
    before && word.chars().enumerate().all(|(index, letter)| code.get(at + index) == Some(&letter))
}

/// Where the item that begins here ends: at the `;` or behind the bracket that closes its body.
fn end_of_item(code: &[char], from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, letter) in code.iter().enumerate().skip(from) {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' if depth == 1 => return Some(at),
            '}' => depth -= 1,
            ';' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn test_lines(path: &str, code: &str) -> Vec<bool> {
    let lines = code.lines().count();
    let mut parts = path.split('/');
    let file = path.rsplit('/').next().unwrap_or_default();
    // `kernel::testing` is what tests stand on: it ships in no path that serves anybody.
    let support = path.starts_with("packages/kernel/src/testing/");
    if support || parts.any(|part| part == "tests") || file == "tests.rs" || file.ends_with("_tests.rs") {
        return vec![true; lines];
    }
    let mut tests = vec![false; lines];
    let letters: Vec<char> = code.chars().collect();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let at = code[..at].chars().count();
        let end = end_of_item(&letters, at + "#[cfg(test)]".len()).unwrap_or(letters.len() - 1);
        let line_of = |place: usize| letters[..place].iter().filter(|letter| **letter == '\n').count();
        tests[line_of(at)..=line_of(end)].fill(true);
    }
    tests
}

#[test]
fn code_text_comments_and_tests_are_told_apart() {
    let text = "//! About.\nfn a<'x>(b: [u8; 2]) {\n    let c = \"// no { comment\";\n    let d = ('\"', '{', r#\"raw \"}\"#); // yes\n}\n\
        #[cfg(test)]\nmod tests {\n    fn t() {}\n}\nconst E: u8 = b'\\'';\n/* one /* two */ } */ fn f() {}\n";
    let source = Source::read("x/src/lib.rs", text);
    assert_eq!(source.code.chars().count(), text.chars().count());
    let held: Vec<&str> = source.strings.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(held, ["\"// no { comment\"", "'\"'", "'{'", "r#\"raw \"}\"#", "'\\''"]);
    assert_eq!(source.comments.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 4, 11]);
    let functions: Vec<_> = source.functions().into_iter().map(|f| (f.name, f.lines)).collect();
    assert_eq!(functions, [("a".to_owned(), 4), ("t".to_owned(), 1), ("f".to_owned(), 1)]);
    let tests: Vec<usize> = (1..=11).filter(|line| source.is_test(*line)).collect();
    assert_eq!(tests, [6, 7, 8, 9]);
}
