//! `integrations groups`: the groups that an account is in, with the addresses to send to.

use serde_json::{Value, json};

use crate::{
    cli::{
        context::Context,
        output::{
            Cell, TextStyle, printable,
            units::{Noun, counted},
        },
    },
    client::Client,
    error::Result,
};

/// Asks for them and shows them.
pub(super) async fn show(
    client: &mut Client,
    name: &str,
    as_json: bool,
    context: &mut Context<'_>,
) -> Result<()> {
    let answer = client
        .call("integration.groups", &json!({"name": name}))
        .await?;
    let all = answer["groups"].as_array().map_or(&[][..], Vec::as_slice);
    if as_json {
        return all.iter().try_for_each(|one| context.terminal.json(one));
    }
    let Some(first) = all.first() else {
        context.terminal.note("the service names no group");
        return Ok(());
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    context.terminal.columns(&rows)?;
    let peer = printable(first["peer"].as_str().unwrap_or_default());
    let next = format!(
        "write there: cleudocodebot send -c {} -t {peer} \"text\"",
        printable(name)
    );
    context.terminal.hint(next);
    Ok(())
}

/// Its name, its address, how many are in it, and whether everybody writes there.
fn row(one: &Value) -> Vec<Cell> {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let members = &one["members"];
    let members = members.is_u64().then(|| counted(members, Noun::Member));
    let mut cells = vec![
        Cell::from(text("name")),
        text("peer").into(),
        Cell::word(TextStyle::Dim, members.unwrap_or_default()),
    ];
    if one["only_admins"] == true {
        cells.push(Cell::word(TextStyle::Doubtful, "only administrators write"));
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    #[test]
    fn a_group_is_one_line_with_the_address_to_send_to() {
        let groups = [
            json!({"name": "Família\n", "peer": "1203@g.us", "members": 1}),
            json!({"name": "Avisos", "peer": "1204@g.us", "members": 300, "only_admins": true}),
        ];
        let rows: Vec<_> = groups.iter().map(row).collect();
        let shown = columns(&rows, None, |_, text| text.to_owned());
        assert_eq!(
            shown,
            "Família\\n  1203@g.us  1 member\n\
             Avisos     1204@g.us  300 members  only administrators write\n"
        );
    }
}
