import pytest
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    Lfm2Config,
    Lfm2ForCausalLM,
    MptConfig,
    MptForCausalLM,
)

import gguf_files
import tiny
from safeneuron.errors import SafeNeuronError
from safeneuron.experiment.size import ModelSize, folder_size, gguf_size, llama_size
from safeneuron.models.sizes import decoder_sizes
from safeneuron.organism.architecture import build_model
from safeneuron.organism.settings import OrganismModel
from safeneuron.organism.tokenizer import build_tokenizer


def test_an_organism_has_the_parameters_that_are_computed_without_building_it():
    tokenizer = build_tokenizer()
    model = build_model(OrganismModel(layers=3, hidden=32, intermediate=48, heads=4), tokenizer, 0)
    size = llama_size(3, 32, 48, len(tokenizer), tied=True)
    assert size.parameters == sum(p.numel() for p in model.parameters())


def test_a_folder_is_measured_from_its_headers(tmp_path):
    model = tiny.build(vocabulary=40)
    model.save_pretrained(tmp_path)
    config = model.config
    assert folder_size(tmp_path) == ModelSize(
        parameters=sum(p.numel() for p in model.parameters()),
        layers=tiny.LAYERS,
        hidden=config.hidden_size,
        intermediate=tiny.NEURONS,
        vocabulary=40,
        cache_width=2
        * config.num_key_value_heads
        * (config.hidden_size // config.num_attention_heads),
    )


@pytest.mark.parametrize("inner", [None, 24])
def test_gpt2_says_its_sizes_by_names_of_its_own(inner, tmp_path):
    config = GPT2Config(n_layer=3, n_embd=8, n_head=2, n_inner=inner, vocab_size=20)
    model = GPT2LMHeadModel(config)
    model.save_pretrained(tmp_path)
    assert folder_size(tmp_path) == ModelSize(
        parameters=sum(p.numel() for p in model.parameters()),
        layers=3,
        hidden=8,
        intermediate=model.transformer.h[0].mlp.c_fc.nf,
        vocabulary=20,
        cache_width=2 * 8,
    )


@pytest.mark.parametrize(("multiplier", "multiple"), [(1.0, 16), (1.3, 8)])
def test_lfm2_adjusts_its_width_as_its_configuration_says(multiplier, multiple):
    config = Lfm2Config(
        hidden_size=8, num_attention_heads=2, num_key_value_heads=2, num_hidden_layers=1,
        intermediate_size=100, vocab_size=20, layer_types=["conv"], block_multiple_of=multiple,
        block_auto_adjust_ff_dim=True, block_ffn_dim_multiplier=multiplier,
    )  # fmt: skip
    width = Lfm2ForCausalLM(config).model.layers[0].feed_forward.w1.out_features
    assert decoder_sizes(config.to_dict()).neurons == width != 100


def test_layers_may_each_say_their_width():
    text = {"num_attention_heads": 2, "hidden_size": 8, "num_hidden_layers": 2, "vocab_size": 9}
    assert decoder_sizes(text | {"intermediate_size": [24, 40]}).neurons == 40


def test_a_config_that_names_its_sizes_otherwise_is_an_error_that_names_the_folder(tmp_path):
    MptForCausalLM(MptConfig(d_model=8, n_layers=1, n_heads=2, vocab_size=20)).save_pretrained(
        tmp_path
    )
    with pytest.raises(SafeNeuronError, match=rf"{tmp_path}: .*'mpt'.* has no .*hidden_size"):
        folder_size(tmp_path)


@pytest.mark.parametrize(("family", "head"), [("llama", 8), ("qwen3", 128)])
def test_a_gguf_file_is_measured_from_its_header(family, head, tmp_path):
    model = gguf_files.build(family)
    file = gguf_files.write(tmp_path / "tiny.gguf", model, kind="Q8_0")
    assert gguf_size(file) == ModelSize(
        parameters=sum(p.numel() for p in model.parameters()),
        layers=gguf_files.LAYERS,
        hidden=gguf_files.HIDDEN,
        intermediate=gguf_files.NEURONS,
        vocabulary=len(gguf_files.TOKENS),
        cache_width=2 * 2 * head,
    )


def test_sharded_weights_are_added_up(tmp_path):
    model = tiny.build(vocabulary=40)
    model.save_pretrained(tmp_path, max_shard_size="5KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    assert folder_size(tmp_path).parameters == sum(p.numel() for p in model.parameters())
