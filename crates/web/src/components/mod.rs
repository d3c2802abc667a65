//! The components: plain functions that take values and return markup. Every text is escaped.

mod button;
mod card;
mod chart;
mod confirm;
mod feedback;
mod field;
mod form;
mod navigation;
mod table;
mod time;
mod tree;

pub use button::{
    ButtonKind, Switch, button, button_disabled, button_named, copy_button, icon_link, link_button, menu, menu_link, menu_post,
    switch_link,
};
pub use card::{Setting, app_header, card, card_with, definition_list, page_header, setting_row, stack, tiles, two_columns};
pub use chart::{bars, progress, tile};
pub use confirm::{Confirm, confirm_form, confirm_with};
pub use feedback::{
    Tone, avatar, breakable, chip, code_block, counted, empty_state, empty_state_with, expander, hint, live, person,
};
pub use field::{
    Field, FieldKind, checkbox, checkbox_with_hint, copy_field, field, fieldset, hidden, radio, secret_field, select,
    select_grouped,
};
pub use form::{FilterBar, filter_bar, form, form_actions, search_field};
pub use navigation::{breadcrumb, pager, stepper, tabs};
pub use table::{Table, check_all, check_row, data_table, table};
pub use time::{date, relative_time, time, time_text};
pub use tree::{TimelineEntry, TreeNode, timeline, tree};
