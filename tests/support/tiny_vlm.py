"""A tiny vision-language model of random weights, made from a configuration, that `transformers serve` serves: it speaks the real protocol
over real HTTP and says nothing that makes sense. Run as a program it writes the model into a folder."""

import json
import sys
from pathlib import Path

IMAGE_SIZE = 28
WORDS = ["A", "B", "C", "Normal", "Fighting", "{", "}", '"', ":", ",", "verdict", "the", "ignore", "red", "정상"]
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: "
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def make_tiny_vlm(folder: Path) -> None:
    """Write model, tokenizer and processor into `folder`; a matter of seconds."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3Processor, PreTrainedTokenizerFast
    from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<s>", "</s>", "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    special += [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>")
    fast.add_special_tokens({"additional_special_tokens": special[3:]})
    fast.chat_template = TEMPLATE
    image_processor = Idefics3ImageProcessorPil(
        size={"longest_edge": IMAGE_SIZE}, max_image_size={"longest_edge": IMAGE_SIZE}, do_image_splitting=False
    )
    processor = Idefics3Processor(image_processor, fast, image_seq_len=4, chat_template=TEMPLATE)
    torch.manual_seed(0)
    config = Idefics3Config(
        image_token_id=vocabulary["<image>"],
        scale_factor=1,
        pad_token_id=vocabulary["<pad>"],
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": IMAGE_SIZE,
            "patch_size": 14,
        },
        text_config={
            "model_type": "llama",
            "vocab_size": len(vocabulary),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "max_position_embeddings": 16384,
            "pad_token_id": vocabulary["<pad>"],
            "bos_token_id": vocabulary["<s>"],
            "eos_token_id": vocabulary["</s>"],
        },
    )
    model = Idefics3ForConditionalGeneration(config)
    model.generation_config.pad_token_id = vocabulary["<pad>"]
    model.generation_config.eos_token_id = vocabulary["</s>"]
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    fast.save_pretrained(folder)
    told = {"parameters": sum(each.numel() for each in model.parameters())}
    (folder / "made.json").write_text(json.dumps(told))


if __name__ == "__main__":
    make_tiny_vlm(Path(sys.argv[1]))
