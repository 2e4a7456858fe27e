"""The neuron set of one category by one selection rule: union of effect size and shift."""

import logging
from typing import Any

from safeneuron.command import stage
from safeneuron.neurons.files import read_scores, write_neuron_set
from safeneuron.neurons.selection import select

if __name__ == "__main__":
    with stage(__doc__, dict[str, Any], inputs=("scores",)) as args:
        selected = select(read_scores(args.scores), args.settings["rule"])
        write_neuron_set(args.out, selected)
        logging.info(
            "%d by effect size, %d by shift, %d in the union, of %d neurons",
            *(
                selected.by_es.sum(),
                selected.by_sas.sum(),
                selected.union.sum(),
                selected.by_es.size,
            ),
        )
