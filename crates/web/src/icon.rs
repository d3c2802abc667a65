//! The icons: 24 units square, drawn with lines, in the colour of the text around them.

use maud::{Markup, html};

/// An icon. Decorative: the text beside it, or the control's label, carries the meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say what is drawn")]
pub enum Icon {
    Add,
    Apps,
    Archive,
    Bin,
    Check,
    ChevronDown,
    ChevronRight,
    Clock,
    Close,
    Copy,
    Dot,
    Download,
    Error,
    Globe,
    Group,
    Home,
    Info,
    Key,
    List,
    Menu,
    More,
    OrgUnit,
    Pencil,
    Person,
    Plug,
    Search,
    Shield,
    Sliders,
    Sync,
    Warning,
}

/// The icon as inline SVG, hidden from screen readers.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(path(icon)) {} }
    }
}

const fn path(icon: Icon) -> &'static str {
    match icon {
        Icon::Add => "M12 5v14M5 12h14",
        Icon::Apps => "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
        Icon::Archive => "M3.5 4.5h17V9h-17zM5 9v10.5h14V9M10 13h4",
        Icon::Bin => "M4.5 7h15M9.5 7V4h5v3M6.5 7l1 13h9l1-13",
        Icon::Check => "M5 12.5 10 17.5 19.5 7",
        Icon::ChevronDown => "M6 9l6 6 6-6",
        Icon::ChevronRight => "M9 6l6 6-6 6",
        Icon::Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5V12l3.2 2",
        Icon::Close => "M6 6l12 12M18 6L6 18",
        Icon::Copy => "M9 9h11v11H9zM15 9V4H4v11h5",
        Icon::Dot => "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
        Icon::Download => "M12 4v11M7 10.5l5 5 5-5M5 20h14",
        Icon::Error => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.5v5.5M12 16v.6",
        Icon::Globe => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c3.6 3.6 3.6 14.4 0 18M12 3c-3.6 3.6-3.6 14.4 0 18",
        Icon::Group => {
            "M9 5a3.3 3.3 0 1 0 0 6.6A3.3 3.3 0 0 0 9 5zM2.5 19.5c0-3.4 2.9-5.2 6.5-5.2s6.5 1.8 6.5 5.2M15.5 5.3a3.2 3.2 0 0 1 0 6M17.5 14.6c2.4.6 4 2.2 4 4.9"
        }
        Icon::Home => "M3.5 11.5 12 4l8.5 7.5M5.8 9.8V20h12.4V9.8M10 20v-5.5h4V20",
        Icon::Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.6v.6",
        Icon::Key => "M8 11.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12.5 19.5 4M16 7.5l3 3",
        Icon::List => "M4 6.5h16M4 12h16M4 17.5h10",
        Icon::Menu => "M4 6.5h16M4 12h16M4 17.5h16",
        Icon::More => "M12 5v.2M12 12v.2M12 19v.2",
        Icon::OrgUnit => "M9 3.5h6v5H9zM3 15.5h6v5H3zM15 15.5h6v5h-6zM12 8.5V12M6 15.5V12h12v3.5",
        Icon::Pencil => "M4 20l1-4.2L16.2 4.6l3.2 3.2L8.2 19zM13.8 7l3.2 3.2",
        Icon::Person => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c0-3.8 3.4-5.8 7.5-5.8s7.5 2 7.5 5.8",
        Icon::Plug => "M9 3v5M15 3v5M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v4",
        Icon::Search => "M10.8 4a6.8 6.8 0 1 0 0 13.6 6.8 6.8 0 0 0 0-13.6zM15.8 15.8 20.5 20.5",
        Icon::Shield => "M12 3l7.5 2.8v5.4c0 4.9-3.2 8.1-7.5 9.8-4.3-1.7-7.5-4.9-7.5-9.8V5.8zM8.8 12l2.3 2.3 4.2-4.3",
        Icon::Sliders => {
            "M4 7.5h8.5M17.5 7.5H20M15 5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM4 16.5h2.5M11.5 16.5H20M9 14a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"
        }
        Icon::Sync => "M5 11a7 7 0 0 1 12.3-3.6L19.5 9.5M19.5 4.5v5h-5M19 13a7 7 0 0 1-12.3 3.6L4.5 14.5M4.5 19.5v-5h5",
        Icon::Warning => "M12 4 2.8 19.8h18.4zM12 10v4.5M12 16.8v.6",
    }
}
