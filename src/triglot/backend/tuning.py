"""The options that tune an engine: how it computes, how it uses memory, how it samples where a request says nothing.

All others are refused when they come over HTTP, whatever a new version of llama.cpp invents: those that open files, listen elsewhere,
fetch models or start programs, and those that change what triglot relies on.
"""

from __future__ import annotations

from typing import Final

# By llama-server's long names; a switch also with `no-` in front.
_SERVER = """
threads threads-batch cpu-mask cpu-mask-batch cpu-range cpu-range-batch cpu-strict cpu-strict-batch prio prio-batch poll poll-batch numa

batch-size ubatch-size predict n-predict keep context-shift swa-full flash-attn perf warmup cont-batching
cache-prompt cache-reuse cache-ram cache-idle-slots ctx-checkpoints swa-checkpoints checkpoint-min-step
kv-unified kv-unified-per-slot slot-prompt-similarity

mmap mlock direct-io load-mode lazy-mode repack kv-offload op-offload mmproj-offload device split-mode tensor-split main-gpu
fit fit-ctx fit-target cpu-moe n-cpu-moe n-cpu-ffn moe-cache-mib override-tensor override-kv check-tensors defrag-thold

rope-scaling rope-scale rope-freq-base rope-freq-scale
yarn-orig-ctx yarn-ext-factor yarn-attn-factor yarn-beta-slow yarn-beta-fast grp-attn-n grp-attn-w

seed samplers sampler-seq sampling-seq backend-sampling temp temperature top-k top-p min-p top-nsigma top-n-sigma typical typical-p
xtc-probability xtc-threshold repeat-last-n repeat-penalty presence-penalty frequency-penalty
dry-multiplier dry-base dry-allowed-length dry-penalty-last-n dry-sequence-breaker dynatemp-range dynatemp-exp
adaptive-target adaptive-decay mirostat mirostat-lr mirostat-ent logit-bias ignore-eos

reasoning reasoning-budget reasoning-effort chat-template-kwargs image-min-tokens image-max-tokens mtmd-batch-max-tokens

draft draft-n draft-max draft-min draft-n-min draft-p-min draft-p-split ctx-size-draft device-draft gpu-layers-draft n-gpu-layers-draft
threads-draft threads-batch-draft cache-type-k-draft cache-type-v-draft override-tensor-draft cpu-moe-draft n-cpu-moe-draft
spec-type spec-draft-n-max spec-draft-n-min spec-draft-p-min spec-draft-p-split spec-draft-ngl spec-draft-device
spec-draft-threads spec-draft-threads-batch spec-draft-type-k spec-draft-type-v spec-draft-override-tensor
spec-draft-cpu-moe spec-draft-n-cpu-moe spec-draft-ncmoe spec-draft-sampling spec-draft-backend-sampling
spec-ngram-size-n spec-ngram-size-m spec-ngram-min-hits spec-ngram-mod-n-match spec-ngram-mod-n-max spec-ngram-mod-n-min
spec-ngram-simple-size-n spec-ngram-simple-size-m spec-ngram-simple-min-hits
spec-ngram-map-k-size-n spec-ngram-map-k-size-m spec-ngram-map-k-min-hits
spec-ngram-map-k4v-size-n spec-ngram-map-k4v-size-m spec-ngram-map-k4v-min-hits
"""
# By their names in the embedded engine.
_EMBEDDED = """
numa n_batch n_ubatch n_predict n_keep ctx_shift swa_full flash_attn_type no_perf warmup cont_batching
cache_prompt n_cache_reuse cache_ram_mib cache_idle_slots n_ctx_checkpoints checkpoint_min_step
kv_unified kv_unified_per_slot slot_prompt_similarity

load_mode lazy_mode no_extra_bufts no_kv_offload no_op_offload mmproj_use_gpu split_mode main_gpu
fit_params fit_params_min_ctx moe_cache_size check_tensors

rope_scaling_type rope_freq_base rope_freq_scale yarn_orig_ctx yarn_ext_factor yarn_attn_factor yarn_beta_slow yarn_beta_fast
grp_attn_n grp_attn_w

image_min_tokens image_max_tokens mtmd_batch_max_tokens
"""

SERVER_OPTIONS: Final = frozenset(_SERVER.split())
EMBEDDED_PARAMETERS: Final = frozenset(_EMBEDDED.split())
