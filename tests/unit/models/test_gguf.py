"""Models in GGUF files: what their headers say, and that their conversion is exact."""

import hashlib
import json
import re
import struct

import numpy as np
import pytest
import torch
from gguf.quants import dequantize
from tokenizers.pre_tokenizers import ByteLevel, Digits

import gguf_files
from safeneuron.models.chat import encode_prompt
from safeneuron.models.checkpoint import load_checkpoint, load_folder
from safeneuron.models.gguf_conversion import convert_gguf
from safeneuron.models.gguf_header import (
    GgufError,
    check_gguf,
    check_gguf_template,
    read_header,
)

IDS = torch.tensor([[1, 20, 9, 33, 254, 7, 60]])


def converted(tmp_path, model, dtype="float32", **form):
    file = gguf_files.write(tmp_path / "tiny.gguf", model, **form)
    reported = convert_gguf(file, tmp_path / "checkpoint", dtype)
    return load_folder(tmp_path / "checkpoint", dtype), reported


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", gguf_files.FAMILIES)
def test_a_float32_file_becomes_the_very_model_that_it_was_made_of(family, tied, tmp_path):
    model = gguf_files.build(family, tied)
    loaded, _ = converted(tmp_path, model)
    weights = loaded.model.state_dict()
    assert weights.keys() == model.state_dict().keys()
    assert all(torch.equal(weights[name], w) for name, w in model.state_dict().items())
    with torch.inference_mode():
        assert torch.equal(loaded.model(IDS).logits, model(IDS).logits)
    assert loaded.model.config.tie_word_embeddings is tied


@pytest.mark.parametrize(
    ("kind", "rounded"),
    [("F16", lambda w: w.half().float()), ("BF16", lambda w: w.bfloat16().float())],
)
def test_a_file_of_half_precision_keeps_its_numbers(kind, rounded, tmp_path):
    model = gguf_files.build()
    loaded, reported = converted(tmp_path, model, kind=kind)
    for name, weight in model.state_dict().items():
        expected = rounded(weight) if weight.ndim == 2 else weight
        assert torch.equal(loaded.model.state_dict()[name], expected), name
    assert reported["quantization"] == kind


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ["Q4_1", "Q8_0"])
def test_quantized_weights_become_the_numbers_that_they_stand_for(kind, dtype, tmp_path):
    model = gguf_files.build()
    loaded, reported = converted(tmp_path, model, dtype, kind=kind)
    stored = gguf_files.stored(model, kind)
    down = dequantize(*stored["blk.1.ffn_down.weight"])
    keys = dequantize(*stored["blk.0.attn_k.weight"]).reshape(2, 4, 2, 32)  # head, row, half
    weights = loaded.model.state_dict()
    expected = {
        "model.layers.1.mlp.down_proj.weight": down,
        "model.layers.0.self_attn.k_proj.weight": keys.swapaxes(1, 2).reshape(16, 32),
    }
    for name, values in expected.items():
        assert not np.array_equal(values, model.state_dict()[name].numpy())
        assert torch.equal(weights[name], torch.tensor(values).to(getattr(torch, dtype)))
    norms = sum(w.numel() for w in model.state_dict().values() if w.ndim == 1)
    total = sum(p.numel() for p in model.parameters())
    assert reported["stored"] == {"F32": norms, kind: total - norms}
    assert reported["quantization"] == kind


def test_a_file_is_reported_with_its_hash(tmp_path):
    _, reported = converted(tmp_path, gguf_files.build())
    content = (tmp_path / "tiny.gguf").read_bytes()
    assert reported["sha256"] == hashlib.sha256(content).hexdigest()
    assert (reported["file"], reported["architecture"]) == ("tiny.gguf", "llama")


def test_the_tokenizer_is_the_files_own(tmp_path):
    loaded, _ = converted(tmp_path, gguf_files.build())
    tokenizer = loaded.tokenizer
    assert tokenizer.chat_template == gguf_files.TEMPLATE
    assert [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))] == gguf_files.TOKENS
    assert tokenizer.tokenize("in the  2 an") == [
        *("in", "Ġthe", "ĠĠ", "2", "Ġ", "an"),
    ]
    ids = encode_prompt(tokenizer, "the end")
    assert tokenizer.decode(ids) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nthe end<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert (ids.count(1), ids.count(2)) == (3, 2)
    assert tokenizer.model_max_length == 512
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|im_start|>", "<|im_end|>")


def test_a_model_stops_at_all_ends_that_the_file_names(tmp_path):
    model = gguf_files.build()
    turn = {"tokenizer__ggml__eot_token_id": (0, gguf_files.UINT32)}
    loaded, _ = converted(tmp_path, model, **turn)
    assert loaded.model.generation_config.eos_token_id == [0, 2]


def test_digits_are_split_as_smollm_was_trained(tmp_path):
    loaded, _ = converted(tmp_path, gguf_files.build())
    split = loaded.tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str
    text = "in  42 and ²³ m"
    pieces = [
        piece
        for part, _ in Digits(individual_digits=True).pre_tokenize_str(text)
        for piece, _ in ByteLevel(add_prefix_space=False).pre_tokenize_str(part)
    ]
    assert [piece for piece, _ in split(text)] == pieces


def test_nothing_beside_the_file_is_read(tmp_path):
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text(json.dumps({"model_type": "gpt2", "eos_token_id": 7}))
    loaded, _ = converted(tmp_path, gguf_files.build())
    assert loaded.model.config.model_type == "llama"
    assert loaded.model.generation_config.eos_token_id == [2]


def test_a_header_gives_the_models_size_without_its_tensors(tmp_path):
    model = gguf_files.build(tied=False)
    header = read_header(gguf_files.write(tmp_path / "tiny.gguf", model, kind="F16"))
    assert header.parameters == sum(p.numel() for p in model.parameters())
    assert header.chat_template == gguf_files.TEMPLATE
    assert header.metadata["tokenizer.ggml.tokens"] == len(gguf_files.TOKENS)
    assert header.of_model("block_count") == gguf_files.LAYERS
    assert header.quantization == "F16"


def refusal(path, check=check_gguf):
    with pytest.raises(GgufError) as caught:
        check(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs", r"no GGUF file: it begins with b'vers' .*download it again"),
        (b"", r"no GGUF file: it begins with b''"),
        (b"GGUF", r"is truncated: its header is cut off or damaged; download it again"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), r"GGUF of version 1; versions 2 and 3"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60), r"is truncated"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 1 << 60), r"is truncated"),
    ],
)
def test_a_file_that_is_no_whole_gguf_file_is_an_error_that_names_it(content, says, tmp_path):
    (tmp_path / "model.gguf").write_bytes(content)
    assert re.search(says, refusal(tmp_path / "model.gguf"))


def test_a_folder_is_no_gguf_file(tmp_path):
    assert "is not a file; a model of kind gguf is one *.gguf file" in refusal(tmp_path)


@pytest.mark.parametrize("share", [0.2, 0.9, 0.9999])
def test_a_truncated_file_is_an_error_wherever_it_ends(share, tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build())
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    assert "is truncated: " in refusal(file)


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        (
            {"general__architecture": ("gpt2", gguf_files.STRING)},
            "its architecture is 'gpt2'; allowed are llama, qwen2, qwen3 (Mistral and SmolLM2 are "
            "llama). Name the model's own checkpoint in its place: kind local or hub",
        ),
        ({"llama__expert_count": (8, gguf_files.UINT32)}, "a mixture of 8 experts"),
        ({"split__count": (3, gguf_files.UINT16)}, "one of 3 parts; make one file of them: llama-"),
        ({"llama__rope__scaling__type": ("yarn", gguf_files.STRING)}, "rope.scaling.type: yarn"),
    ],
)
def test_a_model_that_would_be_read_as_another_is_an_error(metadata, says, tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), **metadata)
    assert says in refusal(file)


def test_a_file_without_chat_template_is_an_error_with_the_command_that_adds_one(tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), template=None)
    says = refusal(file, lambda path: check_gguf_template(check_gguf(path)))
    assert "has no chat template" in says
    assert "gguf-new-metadata --chat-template-file TEMPLATE tiny.gguf WITH_TEMPLATE.gguf" in says


def test_a_tokenizer_of_unknown_rules_is_an_error_and_not_gpt2s(tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), split="viking")
    says = refusal(file, lambda path: convert_gguf(path, tmp_path / "checkpoint", "float32"))
    assert "splits text as 'viking' (tokenizer.ggml.pre); known are " in says
    assert "smollm" in says
    assert not (tmp_path / "checkpoint").exists()


def test_weights_that_the_loader_would_leave_out_are_an_error(tmp_path):
    model = gguf_files.build()
    more = {"blk.0.attn_q.bias": torch.ones(32)}
    file = gguf_files.write(tmp_path / "tiny.gguf", model, more=more)
    says = refusal(file, lambda path: convert_gguf(path, tmp_path / "checkpoint", "float32"))
    total = sum(p.numel() for p in model.parameters())
    assert f"LlamaForCausalLM as transformers reads it has {total:,} parameters and " in says
    assert f" the file {total + 32:,}. " in says


def test_weights_that_the_file_lacks_are_an_error_and_not_made_up(tmp_path):
    model = gguf_files.build()
    file = gguf_files.write(tmp_path / "tiny.gguf", model, without="blk.1.ffn_up.weight")
    says = refusal(file, lambda path: convert_gguf(path, tmp_path / "checkpoint", "float32"))
    assert ", not fitting: model.layers.1.mlp.up_proj.weight. " in says


def test_weights_of_other_shapes_than_the_loader_expects_are_an_error(tmp_path):
    model = gguf_files.build("qwen3", head_dim=16)  # the loader takes Qwen3's 128 for granted
    file = gguf_files.write(tmp_path / "tiny.gguf", model)
    says = refusal(file, lambda path: convert_gguf(path, tmp_path / "checkpoint", "float32"))
    assert ", not fitting: model.layers.0.self_attn.k_norm.weight of shape [16]. " in says


def test_scaled_positions_in_a_tensor_are_an_error(tmp_path):
    more = {"rope_freqs.weight": torch.ones(4)}
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), more=more)
    assert "its positions are scaled (rope_freqs.weight)" in refusal(file)


@pytest.fixture
def stages(stage, tmp_path):
    file = gguf_files.write(tmp_path / "tiny.gguf", gguf_files.build(), kind="Q8_0")
    folder, manifest = tmp_path / "converted" / "checkpoint", tmp_path / "converted.json"
    t0 = tmp_path / "T0" / "checkpoint.json"

    def convert():
        stage("convert_gguf", {"dtype": "bfloat16"}, gguf=file, out=folder, manifest=manifest)

    def describe():
        stage("gguf_checkpoint", {"system_prompt": None}, converted=manifest, manifest=t0)

    return convert, describe, folder, manifest, t0


def test_the_stages_make_a_checkpoint_like_any_other(stages):
    convert, describe, _, manifest, t0 = stages
    convert()
    describe()
    document = json.loads(t0.read_text())
    assert document == json.loads(manifest.read_text())
    assert (document["dtype"], document["architecture"]) == ("bfloat16", "LlamaForCausalLM")
    assert (document["layers"], document["neurons"]) == (gguf_files.LAYERS, gguf_files.NEURONS)
    assert document["reported"]["quantization"] == "Q8_0"
    assert {p.dtype for p in load_checkpoint(t0).model.parameters()} == {torch.bfloat16}


def test_a_damaged_conversion_is_made_anew_by_the_next_run(stages):
    convert, describe, folder, manifest, t0 = stages
    convert()
    (folder / "config.json").write_text("{}")
    with pytest.raises(SystemExit):
        describe()
    assert not manifest.exists()
    assert not t0.exists()
