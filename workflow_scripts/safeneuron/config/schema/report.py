"""What the report shows beside counts and shares."""

from pydantic import Field

from safeneuron.settings import Distinct, Name, Section


class CaseStudies(Section):
    """Prompts shown one by one (Fig. 8 and 9): refused by T0, answered under the attack's FULL."""

    attack: Name = Field(
        "magnitude",
        description="Attack whose cases are shown, a key of 'attack.attacks': adaptive, on its "
        "whole set among others, also on T0.",
    )
    count: int = Field(
        5,
        ge=0,
        le=1000,
        description="Number of cases of each attacked model and seed; 0 leaves case studies out.",
    )
    seed: int = Field(0, ge=0, description="Seed of the draw; cases are never chosen by hand.")


class Report(Section):
    """What is shown beside counts and shares."""

    show_text: bool = Field(
        False,
        description="Show prompts and responses in the case studies; otherwise their numbers of "
        "words.",
    )
    case_studies: CaseStudies = CaseStudies()
    snapshot: Distinct[str] = Field(
        [],
        description="Files below the experiment's folder that `snakemake snapshot` copies to "
        "results/EXPERIMENT-snapshot, to be kept in git, such as [tables/contrasts.csv].",
    )
