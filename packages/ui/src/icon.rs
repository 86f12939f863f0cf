//! A few line drawings. They stand beside words or inside a control that has a name, so they say nothing themselves.

use maud::{Markup, html};

/// Which drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Icon {
    Ask,
    Bag,
    Box,
    Check,
    Clock,
    Close,
    Code,
    List,
    Lock,
    Minus,
    Moon,
    Person,
    Plus,
    Return,
    Search,
    Send,
    Shield,
    Sun,
    Truck,
    Warning,
}

impl Icon {
    /// All drawings.
    pub const ALL: [Self; 20] = [
        Self::Ask,
        Self::Bag,
        Self::Box,
        Self::Check,
        Self::Clock,
        Self::Close,
        Self::Code,
        Self::List,
        Self::Lock,
        Self::Minus,
        Self::Moon,
        Self::Person,
        Self::Plus,
        Self::Return,
        Self::Search,
        Self::Send,
        Self::Shield,
        Self::Sun,
        Self::Truck,
        Self::Warning,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Ask => "M17 7L7 17m0-8v8h8",
            Self::Clock => "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zm0-12v4.500l3 2",
            Self::Code => {
                "M4 4h6v6H4V4zm10 0h6v6h-6V4zM4 14h6v6H4v-6zm10 0h2v2h-2v-2zm4 4h2v2h-2v-2zm0-4h2m-6 6h2"
            }
            Self::List => "M4 6h.01M8 6h12M4 12h.01M8 12h12M4 18h.01M8 18h12",
            Self::Minus => "M5 12h14",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Send => "M7 17L17 7M9 7h8v8",
            Self::Shield => {
                "M12 3l8 3v6c0 4.500-3.300 7.700-8 9-4.700-1.300-8-4.500-8-9V6l8-3zm-3.500 9l2.500 2.500 4.500-4.500"
            }
            Self::Bag => "M6 8h12l1 12H5L6 8zm3 0V6.5a3 3 0 0 1 6 0V8",
            Self::Box => "M4 8l8-4 8 4v8l-8 4-8-4V8zm0 0l8 4 8-4m-8 4v8",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Lock => "M6 11h12v9H6v-9zm2.5 0V8a3.5 3.5 0 0 1 7 0v3",
            Self::Moon => "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.500z",
            Self::Person => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7.5 8.500a7.5 7.5 0 0 1 15 0",
            Self::Return => "M9 7L4.5 11.5 9 16m-4.5-4.500H15a4.5 4.5 0 0 1 0 9h-3",
            Self::Search => "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zm5-2l4.5 4.5",
            Self::Sun => {
                "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.600L7 7m10 10l1.4 1.400m0-12.800L17 7M7 17l-1.4 1.4"
            }
            Self::Truck => {
                "M3 6h11v10H3V6zm11 4h4l3 3v3h-7v-6zM7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zm10 0a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
            }
            Self::Warning => "M12 4l9 16H3L12 4zm0 6v4.500m0 2.500v.2",
        }
    }
}

/// A drawing, hidden from those who listen.
pub fn icon(which: Icon) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(which.path()) {} } }
}
