"""How the demo model is made: conversations, tokenizer, training, export, evaluation. Development only; see README.md in this folder."""
