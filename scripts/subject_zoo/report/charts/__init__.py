"""Figures as SVG, a file for each kind of mark. Colours are classes, of the page's style sheet, light and dark."""
