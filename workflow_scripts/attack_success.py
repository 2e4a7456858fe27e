"""The one table that everything about robustness is read from."""

from safeneuron.attack.schemas import VERDICTS
from safeneuron.attack.success import ATTACK_SUCCESS, attack_success
from safeneuron.command import stage_arguments
from safeneuron.manifests import gate_passed
from safeneuron.tables import read_table, write_csv, write_rows

STATE = ("model", "arm", "round", "seed")

if __name__ == "__main__":
    args = stage_arguments(__doc__, "out", "csv", many=("verdicts", "models"))
    contexts = args.settings["contexts"]
    rows = []
    # verdict tables come state by state, each state's in the order of the contexts
    for number, (verdicts, context) in enumerate(zip(args.verdicts, contexts, strict=True)):
        model = args.models[number // (len(args.verdicts) // len(args.models))]
        context = {**context, "gate_passed": gate_passed(model)}
        rows += attack_success(read_table(verdicts, VERDICTS), args.settings["roles"], context)
    write_rows(args.out, ATTACK_SUCCESS, rows, args.provenance("verdicts", "models"))
    write_csv(args.csv, read_table(args.out, ATTACK_SUCCESS))
