# Levels evaluated over the grid of layers and loops, constructed and trained; accuracy by level and learning curves of single models.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 5.6
load ARG0[1 : strlen(ARG0) - strlen('learned_depth.gp')].'style.gp'

U_max = 0
stats TABLES.'curves.tsv' using (column(2) > U_max ? (U_max = column(2), 0) : 0) nooutput
xstep = U_max > 2500 ? 1000 : U_max > 1200 ? 500 : (U_max > 300 ? 200 : 20)
stats TABLES.'names.tsv' every ::0::0 using (depth = column(1), columns = column(2), rows = column(3), layers = strcol(4), loops = strcol(5), 0) nooutput
# Light cells are written on in dark ink.
written(value) = value > 0.62 * depth ? 1 : 0

cbstep = depth > 4 ? 2 : 1
set multiplot
do for [panel = 0:1] {
  @MAP
  set tmargin at screen 0.930; set bmargin at screen 0.590
  set lmargin at screen (panel == 0 ? 0.085 : 0.535); set rmargin at screen (panel == 0 ? 0.435 : 0.885)
  set label 1 (panel == 0 ? heading('a', 'Constructed: levels evaluated') : heading('b', 'Trained: levels, median over seeds')) at screen (panel == 0 ? 0.012 : 0.462), screen 0.965 font HEAD textcolor rgb INK
  set xrange [-0.5 : columns - 0.5]; set yrange [-0.5 : rows - 0.5]; set cbrange [0 : depth]
  set xlabel 'layers of the block {/:Italic L}' offset 0,0.4 textcolor rgb INK; set ylabel 'loops {/:Italic T}' offset -0.4,0 textcolor rgb INK
  set xtics () ; set ytics ()
  do for [i = 1:columns] { set xtics add (word(layers, i) i - 1) }
  do for [i = 1:rows] { set ytics add (word(loops, i) i - 1) }
  if (panel == 1) {
    set colorbox user origin screen 0.897, screen 0.590 size screen 0.013, screen 0.340 noborder
    set cbtics cbstep scale 0.3 offset -0.7,0 textcolor rgb INK; set cblabel sprintf('levels of %g', depth) offset 0.3,0 textcolor rgb INK
  } else { unset colorbox }
  if (panel == 0) {
    plot TABLES.'map.tsv' using 1:2:3 with image notitle, \
         TABLES.'written.tsv' using 1:2:(strcol(3)):(written(column(3)) ? 0x222222 : 0xffffff) with labels font HEAD textcolor rgb variable notitle
  } else {
    plot TABLES.'map.tsv' using 1:2:4 with image notitle, \
         TABLES.'written.tsv' using 1:($2+0.12):(strcol(4)):(written(column(4)) ? 0x222222 : 0xffffff) with labels font HEAD textcolor rgb variable notitle, \
         TABLES.'written.tsv' using 1:($2-0.24):(strcol(5)):(written(column(4)) ? 0x222222 : 0xffffff) with labels font SMALL textcolor rgb variable notitle
  }
}

# ---- (c) accuracy by level
@CURVES
set tmargin at screen 0.425; set bmargin at screen 0.095; set lmargin at screen 0.085; set rmargin at screen 0.470
set label 1 heading('c', 'Accuracy by level') at screen 0.012, screen 0.465 font HEAD textcolor rgb INK
set xrange [0.7 : depth + 0.3]; set yrange [0 : 1.06]; set xtics 1; set ytics 0.2; set format y '%.1f'
set xlabel 'level of the gate' offset 0,0.4 textcolor rgb INK; set ylabel 'gates right' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,0.02 left bottom @KEY font SMALL
plot TABLES.'baseline.tsv' using 1:2 with lines lw 1.0 dt (5,4) lc rgb SOFT notitle, \
     TABLES.'levels.tsv' using (column(1) == 0 ? column(2) : NaN):3 with lines lw 1.2 lc rgb INK notitle, \
     for [k=1:3] TABLES.'levels.tsv' using (column(1) == k ? column(2) + 0.06 * (k - 2) : NaN):3:4:5 with yerrorbars pt MARKER[k] ps 0.55 lw 1 lc rgb COLOUR[k] notitle, \
     for [k=1:3] TABLES.'levels.tsv' every :::k::k using ($2 + 0.06 * (k - 2)):3 with lines lw 1.0 lc rgb COLOUR[k] notitle, \
     keyentry with lines lw 1.2 lc rgb INK title sprintf('constructed, 1 layer × %g loops', depth), \
     keyentry with linespoints lw 1.0 pt MARKER[1] ps 0.55 lc rgb COLOUR[1] title sprintf('1 layer × %g loops', depth), \
     keyentry with linespoints lw 1.0 pt MARKER[2] ps 0.55 lc rgb COLOUR[2] title sprintf('%g layers × 1 loop', depth), \
     keyentry with linespoints lw 1.0 pt MARKER[3] ps 0.55 lc rgb COLOUR[3] title '1 layer × 1 loop', \
     keyentry with lines lw 1.0 dt (5,4) lc rgb SOFT title 'without understanding'

# ---- (d) learning curves
@CURVES
set tmargin at screen 0.425; set bmargin at screen 0.095; set lmargin at screen 0.590; set rmargin at screen 0.970
set label 1 heading('d', 'Learning curves, one line a seed') at screen 0.515, screen 0.465 font HEAD textcolor rgb INK
set xrange [0:*]; set yrange [0.3 : 1.03]; set xtics xstep; set ytics 0.1; set format y '%.1f'
set xlabel 'updates' offset 0,0.4 textcolor rgb INK; set ylabel 'validation accuracy' offset 0.2,0 textcolor rgb INK
set key at graph 0.99,0.02 right bottom @KEY font SMALL opaque
plot for [k=1:3] TABLES.'curves.tsv' using (column(1) == 4 - k ? column(2) : NaN):3 with lines lw 0.9 lc rgb COLOUR[4 - k] notitle, \
     keyentry with lines lw 1.0 lc rgb COLOUR[1] title sprintf('1 layer × %g loops', depth), \
     keyentry with lines lw 1.0 lc rgb COLOUR[2] title sprintf('%g layers × 1 loop', depth), \
     keyentry with lines lw 1.0 lc rgb COLOUR[3] title '1 layer × 1 loop'
unset multiplot
