//! The power goes: everything that had been written and had not reached the disk is gone with the process.

use crate::damage::soundness;
use crate::failing_disk::{Chaos, Layer};
use crate::people::{entitled, files};

const LOSSES: usize = 500;

/// After one loss in so many the database is looked at before the server mends it.
const LOOKED_AT: usize = 4;

#[test]
fn what_was_acknowledged_survives_the_loss_of_power() {
    let disk = Layer::build();
    let mut chaos = Chaos::start(&disk.keeping_script());
    let data = chaos.installation.file("data");
    let mut lost = 0;
    for turn in 1..=LOSSES {
        for change in 0..=(turn % 5) {
            chaos.change_well(turn * 100 + change);
        }
        if turn % 8 == 0 {
            let people = files(12, &format!("z{turn}"));
            chaos.installation.import(&people);
            chaos.expected.extend(entitled(&[&people]));
        }
        // In the middle of what the changes cause.
        chaos.installation.serve.kill();
        lost += disk.lose_power(&data);
        if turn % LOOKED_AT == 0 {
            assert_eq!(soundness(&data), "ok", "after loss {turn}");
        }
        chaos.installation.serve.start_again();
        chaos.nothing_acknowledged_is_lost();
    }
    println!("{lost} files lost something in {LOSSES} losses of power");
    assert!(lost > 0, "the layer drops what has not reached the disk");
    chaos.nothing_is_lost();
}
