"""What is measured in a bucket: one family for statistics, rules and history, each measure mergeable with a known error.

`base.Measure` is the interface; `count.Count`, `sum.Sum`, `topk.TopK`, `sketch.Sketch`, `distinct.Distinct` and `sample.Sample` are its kinds.
"""
